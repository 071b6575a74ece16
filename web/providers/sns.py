"""What Amazon SNS posts, and whether Amazon signed it (docs.aws.amazon.com/sns, sns-verify-signature-of-message).

The certificate's address stands in the message itself: it is read only from SNS's own servers, over https.
"""

from __future__ import annotations

import base64
import re
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from domain.errors import InvalidMessage
from web.posted import FORGED, UNSIGNED, Refused
from web.providers.fields import Fields, moment, text
from web.strict_json import strict

NOTIFICATION = "Notification"
CONFIRMATION = "SubscriptionConfirmation"
FAREWELL = "UnsubscribeConfirmation"

_HOST = re.compile(r"sns\.[a-z]{2}(-[a-z]+){1,3}-[0-9]{1,2}\.amazonaws\.com(\.cn)?")
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[A-Za-z0-9]{1,128}\.pem")
_NOTIFIED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_ASKED = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED: Mapping[str, tuple[str, ...]] = {NOTIFICATION: _NOTIFIED, CONFIRMATION: _ASKED, FAREWELL: _ASKED}
_HASHES: Mapping[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}
_OPTIONAL = frozenset({"Subject"})


@dataclass(frozen=True, slots=True)
class SnsMessage:
    """Nothing of it is verified yet."""

    kind: str
    id: str
    topic: str
    at: datetime | None
    body: str
    signature: bytes
    certificate_url: str
    hashed_with: hashes.HashAlgorithm
    signed: bytes  #: what the signature is over
    subscribe_url: str | None


def sns_message(body: bytes) -> SnsMessage:
    """
    Raises:
        InvalidMessage: not JSON, or none of SNS's messages.
        Refused: it is not signed, or in a way that is not known.
    """
    told = strict(body)
    if not isinstance(told, dict):
        raise InvalidMessage("body: an object is needed")
    kind = str(told.get("Type"))
    if kind not in _SIGNED:
        raise InvalidMessage("Type: none of Notification, SubscriptionConfirmation and UnsubscribeConfirmation")
    signature, url = text(told.get("Signature")), text(told.get("SigningCertURL"))
    if not signature or not url:
        raise Refused(UNSIGNED, "not signed")
    algorithm = _HASHES.get(str(told.get("SignatureVersion")))
    if algorithm is None:
        raise Refused(FORGED, "signed in a way that is not known")
    return SnsMessage(
        kind=kind,
        id=_required(told, "MessageId"),
        topic=_required(told, "TopicArn"),
        at=moment(told.get("Timestamp")),
        body=_required(told, "Message"),
        signature=_decoded(signature),
        certificate_url=url,
        hashed_with=algorithm,
        signed=_text_signed(told, _SIGNED[kind]),
        subscribe_url=text(told.get("SubscribeURL")),
    )


def is_certificate_url(url: str) -> bool:
    """Whether only Amazon can have put there what is found there."""
    return is_sns_url(url) and _CERTIFICATE.fullmatch(urlsplit(url).path) is not None and not urlsplit(url).query


def is_sns_url(url: str) -> bool:
    """Whether it is https to one of SNS's own servers, and nothing hides in it."""
    try:
        parts = urlsplit(url)
        plain = parts.port in {None, 443} and parts.username is None and not parts.fragment
    except ValueError:
        return False
    return parts.scheme == "https" and plain and _HOST.fullmatch(parts.hostname or "") is not None and url.isascii()


def check_signature(message: SnsMessage, pem: bytes, now: datetime) -> None:
    """
    Raises:
        Refused: somebody else signed it, or something else was signed, or the certificate has run out.
    """
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise Refused(FORGED, "its certificate is none") from error
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise Refused(FORGED, "its certificate has run out")
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise Refused(FORGED, "its certificate has no RSA key")
    try:
        key.verify(message.signature, message.signed, padding.PKCS1v15(), message.hashed_with)
    except InvalidSignature as error:
        raise Refused(FORGED, "the signature is of another key or another text") from error


def _required(told: Fields, name: str) -> str:
    found = told.get(name)
    if not isinstance(found, str) or not found:
        raise InvalidMessage(f"{name}: missing")
    return found


def _decoded(signature: str) -> bytes:
    try:
        return base64.b64decode(signature, validate=True)
    except (Base64Error, ValueError) as error:
        raise Refused(FORGED, "the signature is no base64") from error


def _text_signed(told: Fields, names: tuple[str, ...]) -> bytes:
    """Each name and value on a line of its own, as they came; what is not there is not signed."""
    there = [name for name in names if name not in _OPTIONAL or told.get(name) is not None]
    return "".join(f"{name}\n{_required(told, name)}\n" for name in there).encode("utf-8", "surrogatepass")
