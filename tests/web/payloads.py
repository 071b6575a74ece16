"""What providers post, as their documentation shows it, about one email of ours."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from domain.contact import contact_id
from domain.email import email_id, message_id
from web.providers.sendgrid import SIGNATURE, TIMESTAMP

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ADDRESS_KEY = b"a key of addresses for the tests"
ADDRESS = "ann@example.com"
EMAIL = email_id("spring", contact_id(ADDRESS, ADDRESS_KEY))
MESSAGE_ID = message_id(EMAIL, "green.example")
TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem"
SUBSCRIBE_URL = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=x&Token=y"

_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_EC = ec.generate_private_key(ec.SECP256R1())
SENDGRID_KEY = base64.b64encode(_EC.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
MAILGUN_KEY = b"key-of-mailgun-for-tests"
POSTMARK_SECRET = b"secret-of-postmark-for-tests"


def certificate(*, until: datetime = NOW + timedelta(days=30)) -> bytes:
    """What Amazon would show for the key that signs here."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    found = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_RSA.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=90))
        .not_valid_after(until)
        .sign(_RSA, hashes.SHA256())
    )
    return found.public_bytes(Encoding.PEM)


def ses(**changes: Any) -> dict[str, Any]:
    """A bounce (docs.aws.amazon.com/ses, event-publishing-retrieving-sns-examples)."""
    bounce = {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [
            {
                "emailAddress": ADDRESS,
                "action": "failed",
                "status": "5.1.1",
                "diagnosticCode": "smtp; 550 5.1.1 user unknown",
            }
        ],
        "timestamp": "2026-03-02T08:59:02.669Z",
        "feedbackId": "01000157c44f053b-61b59c11",
        "reportingMTA": "dsn; mta.example.com",
    }
    return {"eventType": "Bounce", "bounce": bounce, "mail": ses_mail(), **changes}


def ses_mail(**changes: Any) -> dict[str, Any]:
    return {
        "timestamp": "2026-03-02T08:58:02.012Z",
        "source": "Green <news@green.example>",
        "messageId": "EXAMPLE7c191be45-e9aedb9a-000000",
        "destination": [ADDRESS],
        "headersTruncated": False,
        "headers": [{"name": "From", "value": "Green"}, {"name": "Message-ID", "value": f"<{MESSAGE_ID}>"}],
        "commonHeaders": {"subject": "Our news"},
        "tags": {"ses:caller-identity": ["ses_user"]},
        **changes,
    }


def sns(message: object, *, version: str = "2", key: rsa.RSAPrivateKey = _RSA, **changes: Any) -> bytes:
    """A message of SNS that was signed after all changes; None takes a field out."""
    told = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Subject": "Amazon SES Email Event Notification",
        "Message": message if isinstance(message, str) else json.dumps(message),
        "Timestamp": NOW.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE_URL,
        "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
        **changes,
    }
    told = {name: value for name, value in told.items() if value is not None}
    asks = told["Type"] != "Notification"
    names = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
    names = names if asks else ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
    signed = "".join(f"{name}\n{told[name]}\n" for name in names if name in told).encode()
    algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
    signature = base64.b64encode(key.sign(signed, padding.PKCS1v15(), algorithm)).decode()
    return json.dumps({**told, "Signature": signature}).encode()


def confirmation(**changes: Any) -> bytes:
    asked = {"Type": "SubscriptionConfirmation", "Token": "2336412f37", "SubscribeURL": SUBSCRIBE_URL, "Subject": None}
    return sns("You have chosen to subscribe to the topic.", **{**asked, **changes})


def sendgrid(**changes: Any) -> dict[str, Any]:
    """A bounce (twilio.com/docs/sendgrid/for-developers/tracking-events/event)."""
    return {
        "email": ADDRESS,
        "timestamp": int(NOW.timestamp()) - 60,
        "smtp-id": f"<{MESSAGE_ID}>",
        "bounce_classification": "invalid",
        "event": "bounce",
        "category": ["cat facts"],
        "sg_event_id": "sg_event_1",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        "reason": "550 5.1.1 The email account that you tried to reach does not exist",
        "status": "5.1.1",
        "type": "bounce",
        **changes,
    }


def sendgrid_headers(body: bytes, at: datetime = NOW, key: ec.EllipticCurvePrivateKey = _EC) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    signature = key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    return {TIMESTAMP: stamp, SIGNATURE: base64.b64encode(signature).decode()}


def mailgun(**changes: Any) -> dict[str, Any]:
    """A permanent failure (documentation.mailgun.com, webhook payloads)."""
    return {
        "id": "G9Bn5sl1TC6nu79C8C0bwg",
        "timestamp": NOW.timestamp() - 59.5,
        "log-level": "error",
        "event": "failed",
        "severity": "permanent",
        "reason": "generic",
        "delivery-status": {
            "attempt-no": 1,
            "message": "5.1.1 The email account that you tried to reach does not exist.",
            "code": 550,
            "enhanced-code": "5.1.1",
            "description": "",
        },
        "envelope": {"sender": "bounce@green.example", "transport": "smtp", "targets": ADDRESS},
        "message": {"headers": {"to": ADDRESS, "message-id": MESSAGE_ID, "subject": "Our news"}, "size": 111},
        "recipient": ADDRESS,
        "user-variables": {},
        **changes,
    }


def mailgun_body(event: object, at: datetime = NOW, key: bytes = MAILGUN_KEY, token: str | None = None) -> bytes:
    """Signed with a token of this event's own, unless one is given."""
    stamp, token = str(int(at.timestamp())), token or sha256(json.dumps(event).encode()).hexdigest()[:32]
    signature = hmac.new(key, f"{stamp}{token}".encode(), sha256).hexdigest()
    signed = {"timestamp": stamp, "token": token, "signature": signature}
    return json.dumps({"signature": signed, "event-data": event}).encode()


def postmark(**changes: Any) -> dict[str, Any]:
    """A bounce (postmarkapp.com/developer/webhooks/bounce-webhook)."""
    return {
        "RecordType": "Bounce",
        "MessageStream": "broadcast",
        "ID": 4323372036854775807,
        "Type": "HardBounce",
        "TypeCode": 1,
        "Name": "Hard bounce",
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Metadata": {"email-id": EMAIL},
        "ServerID": 23,
        "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
        "Details": "smtp;550 5.1.1 user unknown",
        "Email": ADDRESS,
        "From": "news@green.example",
        "BouncedAt": "2026-03-02T04:28:10.2735393-04:00",
        "Inactive": True,
        "Subject": "Our news",
        **changes,
    }


def postmark_record(kind: str, **fields: Any) -> dict[str, Any]:
    """Another kind of record, with what all of them have."""
    return {
        "RecordType": kind,
        "MessageID": "883953f4",
        "Metadata": {"email-id": EMAIL},
        "Recipient": ADDRESS,
        **fields,
    }


def basic(secret: bytes = POSTMARK_SECRET) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(b"postmark:" + secret).decode()}
