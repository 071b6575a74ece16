"""Webhooks: who is believed, what is told, and that nothing is kept of anything else (issue 8, 2)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from domain.inbound_addresses import Purpose, address_for
from domain.ruling import ruling_on
from messages.delivery_event import DeliveryEvent, EventType
from tests.web.asking import Answer
from tests.web.payloads import (
    ADDRESS,
    CERTIFICATE_URL,
    EMAIL,
    NOW,
    SUBSCRIBE_URL,
    basic,
    certificate,
    confirmation,
    mailgun,
    mailgun_body,
    postmark,
    postmark_record,
    sendgrid,
    sendgrid_headers,
    ses,
    ses_mail,
    sns,
)
from tests.web.webhook_world import KEYS, WebhookWorld

PROVIDERS = ("ses", "sendgrid", "mailgun", "postmark")
YEAR_AGO = NOW - timedelta(days=365)


async def tell(world: WebhookWorld, provider: str, *entries: Any) -> Answer:
    """Post entries as this provider would: signed, and those who know no batches one by one."""
    if provider == "sendgrid":
        body = json.dumps(entries or [sendgrid()]).encode()
        return await world.post(provider, body, sendgrid_headers(body))
    default: dict[str, Callable[[], Any]] = {"ses": ses, "mailgun": mailgun, "postmark": postmark}
    made: dict[str, Callable[[Any], tuple[bytes, dict[str, str]]]] = {
        "ses": lambda entry: (sns(entry), {"content-type": "text/plain; charset=UTF-8"}),
        "mailgun": lambda entry: (mailgun_body(entry), {}),
        "postmark": lambda entry: (json.dumps(entry).encode(), basic()),
    }
    for entry in entries or [default[provider]()]:
        answer = await world.post(provider, *made[provider](entry))
    return answer


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_hard_bounce_of_any_provider_is_one_event_that_proves_the_address_dead(provider: str) -> None:
    """D13, and one vocabulary: what the recorder gets does not say who told it, but for the evidence's source."""
    world = WebhookWorld()
    assert (await tell(world, provider)).status == 200
    [event] = world.publishing.events
    assert (event.event, event.email_id) == (EventType.BOUNCED, EMAIL)
    assert event.event_id.startswith(f"{provider}:")
    assert event.evidence is not None
    assert event.evidence.source == f"webhook:{provider}"
    ruled = ruling_on(event.evidence.model_dump(exclude_none=True))
    assert (ruled.state, ruled.reason, ruled.dead) == ("hard_bounced", "user_unknown", True)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_repeated_webhook_is_the_same_event(provider: str) -> None:
    world = WebhookWorld()
    await tell(world, provider)
    world.now += timedelta(seconds=200)
    await tell(world, provider)
    first, second = world.publishing.told
    assert (first.id, first.message) == (second.id, second.message)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_while_the_broker_is_away_nobody_is_told_ok(provider: str) -> None:
    world = WebhookWorld()
    world.publishing.is_away = True
    answer = await tell(world, provider)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    world.publishing.is_away = False
    assert (await tell(world, provider)).status == 200
    assert len(world.publishing.events) == 1


def unsigned(provider: str) -> bytes:
    told: dict[str, Any] = {"ses": ses(), "sendgrid": [sendgrid()], "mailgun": {"event-data": mailgun()}}
    if provider == "ses":
        return json.dumps({"Type": "Notification", "Message": json.dumps(ses()), "TopicArn": "x"}).encode()
    return json.dumps(told.get(provider, postmark())).encode()


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_what_is_not_signed_is_refused_and_nothing_is_kept(provider: str) -> None:
    world = WebhookWorld()
    answer = await world.post(provider, unsigned(provider))
    assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Basic realm="webhooks"')
    assert world.publishing.told == []
    assert world.amazon.read == []


def changed(body: bytes) -> bytes:
    return body.replace(b"example.com", b"example.net")


STRANGER = ec.generate_private_key(ec.SECP256R1())
STRANGERS_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
BATCH = json.dumps([sendgrid()]).encode()
LIES: dict[str, Callable[[WebhookWorld], Awaitable[Answer]]] = {
    "ses: changed afterwards": lambda world: world.post("ses", changed(sns(ses()))),
    "ses: signed by somebody else": lambda world: world.post("ses", sns(ses(), key=STRANGERS_RSA)),
    "ses: of another topic": lambda world: world.post("ses", sns(ses(), TopicArn="arn:aws:sns:eu-west-1:1:other")),
    "ses: version 3": lambda world: world.post("ses", sns(ses(), SignatureVersion="3")),
    "ses: no base64": lambda world: world.post("ses", sns(ses()).replace(b'"Signature": "', b'"Signature": "*')),
    "ses: an hour and a minute old": lambda world: world.post("ses", sns(ses(), Timestamp="2026-03-02T07:59:00.000Z")),
    "ses: without a time": lambda world: world.post("ses", sns(ses(), Timestamp="soon")),
    "sendgrid: changed afterwards": lambda world: world.post("sendgrid", changed(BATCH), sendgrid_headers(BATCH)),
    "sendgrid: another key": lambda world: world.post("sendgrid", BATCH, sendgrid_headers(BATCH, NOW, STRANGER)),
    "sendgrid: a year old": lambda world: world.post("sendgrid", BATCH, sendgrid_headers(BATCH, YEAR_AGO)),
    "sendgrid: another time": lambda world: world.post(
        "sendgrid", BATCH, sendgrid_headers(BATCH) | {"x-twilio-email-event-webhook-timestamp": "1772442001"}
    ),
    "mailgun: another key": lambda world: world.post("mailgun", mailgun_body(mailgun(), NOW, b"another key")),
    "mailgun: a year old": lambda world: world.post("mailgun", mailgun_body(mailgun(), YEAR_AGO)),
    "mailgun: from the future": lambda world: world.post("mailgun", mailgun_body(mailgun(), NOW + timedelta(hours=1))),
    "postmark: another password": lambda world: world.post("postmark", b"{}", basic(b"a guess")),
    "postmark: another header": lambda world: world.post("postmark", b"{}", {"x-webhook-secret": "a guess"}),
}


@pytest.mark.parametrize("how", LIES)
async def test_what_is_forged_or_stale_is_refused_and_nothing_is_kept(how: str) -> None:
    world = WebhookWorld()
    answer = await LIES[how](world)
    assert answer.status == 403, answer.text
    assert world.publishing.told == []
    assert world.counted.labels(how.partition(":")[0], "refused")._value.get() == 1


async def test_a_webhook_that_is_not_set_up_believes_nobody() -> None:
    world = WebhookWorld()
    assert (await world.post("another", b"{}")).status == 403
    assert (await world.post("unheard-of", b"{}")).status == 404


@pytest.mark.parametrize("version", ["1", "2"])
async def test_both_signature_versions_of_sns_are_read(version: str) -> None:
    world = WebhookWorld()
    assert (await world.post("ses", sns(ses(), version=version))).status == 200
    assert (await world.post("ses", sns(ses(), version=version, Subject=None))).status == 200
    assert len(world.publishing.events) == 2


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0123.pem",
        "https://evil.example/SimpleNotificationService-0123.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0123.pem",
        "https://user@sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0123.pem",
        "https://sns.eu-west-1.amazonaws.com/evil.pem",
        "https://sns.eu-west-1.amazonaws.com/a/../SimpleNotificationService-0123.pem?x=/evil",
        "https://s3.amazonaws.com/SimpleNotificationService-0123.pem",
        "https://bucket.sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem",
        "https://169.254.169.254/SimpleNotificationService-0123.pem",
        "https://[/SimpleNotificationService-0123.pem",
    ],
)
async def test_a_certificate_is_read_from_amazon_alone(url: str) -> None:
    world = WebhookWorld()
    assert (await world.post("ses", sns(ses(), SigningCertURL=url))).status == 403
    assert world.amazon.read == []


async def test_a_certificate_that_ran_out_or_is_none_proves_nothing() -> None:
    for pem in (certificate(until=NOW - timedelta(days=1)), b"none"):
        assert (await WebhookWorld(pem=pem).post("ses", sns(ses()))).status == 403


async def test_a_certificate_that_cannot_be_read_now_is_no_reason_to_refuse() -> None:
    world = WebhookWorld()
    world.amazon.pem = None
    answer = await world.post("ses", sns(ses()))
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")


async def test_a_subscription_of_our_topic_is_confirmed_at_amazon_and_nowhere_else() -> None:
    world = WebhookWorld()
    assert (await world.post("ses", confirmation())).status == 200
    assert (world.amazon.read, world.amazon.confirmed) == ([CERTIFICATE_URL], [SUBSCRIBE_URL])
    for refused in (
        confirmation(SubscribeURL="https://evil.example/?Action=ConfirmSubscription"),
        confirmation(SubscribeURL="https://sns.eu-west-1.amazonaws.com@evil.example/"),
        confirmation(TopicArn="arn:aws:sns:eu-west-1:123456789012:other"),
    ):
        assert (await world.post("ses", refused)).status == 403
    assert (await world.post("ses", confirmation(Type="UnsubscribeConfirmation"))).status == 200
    assert world.amazon.confirmed == [SUBSCRIBE_URL]
    assert world.publishing.told == []


async def test_a_batch_is_published_as_one_whatever_its_order() -> None:
    world = WebhookWorld()
    batch = [
        sendgrid(event="click", sg_event_id="3", url="https://green.example/", timestamp=int(YEAR_AGO.timestamp())),
        sendgrid(event="delivered", sg_event_id="1"),
        sendgrid(event="open", sg_event_id="2", sg_machine_open=True, useragent="Mozilla/5.0", ip="2001:db8::1"),
        sendgrid(event="group_resubscribe", sg_event_id="4"),
        sendgrid(event="a new kind", sg_event_id="5"),
        "no object",
        sendgrid(event="delivered", sg_event_id="6", **{"smtp-id": "<1.2@another.example>"}),
    ]
    assert (await tell(world, "sendgrid", *batch)).status == 200
    clicked, delivered, opened = world.publishing.events
    assert [each.event_id for each in (clicked, delivered, opened)] == ["sendgrid:3", "sendgrid:1", "sendgrid:2"]
    assert (clicked.url, clicked.occurred_at) == ("https://green.example/", YEAR_AGO)
    assert (opened.by_machine, delivered.by_machine, opened.ip) == (True, False, "2001:db8::1")
    assert world.counted.labels("sendgrid", "not_ours")._value.get() == 1


KINDS: dict[str, tuple[str, Any, EventType | None]] = {
    "SES: send": ("ses", ses(eventType="Send", send={}), EventType.ACCEPTED),
    "SES: delivery": ("ses", ses(eventType="Delivery", delivery={"smtpResponse": "250 ok"}), EventType.DELIVERED),
    "SES: an older notification": ("ses", ses(eventType=None, notificationType="Bounce"), EventType.BOUNCED),
    "SES: delay": (
        "ses",
        ses(eventType="DeliveryDelay", deliveryDelay={"delayType": "MailboxFull"}),
        EventType.DEFERRED,
    ),
    "SES: complaint": ("ses", ses(eventType="Complaint", complaint={"feedbackId": "f"}), EventType.COMPLAINED),
    "SES: an old complaint": (
        "ses",
        ses(eventType="Complaint", complaint={"complaintSubType": "OnAccountSuppressionList"}),
        None,
    ),
    "SES: reject": ("ses", ses(eventType="Reject", reject={"reason": "Bad content"}), EventType.BOUNCED),
    "SES: open": ("ses", ses(eventType="Open", open={"ipAddress": "192.0.2.1"}), EventType.OPENED),
    "SES: click": ("ses", ses(eventType="Click", click={"link": "https://green.example/"}), EventType.CLICKED),
    "SES: left": (
        "ses",
        ses(eventType="Subscription", subscription={"newTopicPreferences": {"unsubscribeAll": True}}),
        EventType.UNSUBSCRIBED,
    ),
    "SES: topics": ("ses", ses(eventType="Subscription", subscription={"newTopicPreferences": {}}), None),
    "SES: its own templates": ("ses", ses(eventType="Rendering Failure", failure={}), None),
    "SendGrid: processed": ("sendgrid", sendgrid(event="processed"), EventType.ACCEPTED),
    "SendGrid: deferred": ("sendgrid", sendgrid(event="deferred", response="400 try again later"), EventType.DEFERRED),
    "SendGrid: dropped": ("sendgrid", sendgrid(event="dropped", reason="Bounced Address"), EventType.BOUNCED),
    "SendGrid: spam": ("sendgrid", sendgrid(event="spamreport"), EventType.COMPLAINED),
    "SendGrid: left": ("sendgrid", sendgrid(event="unsubscribe"), EventType.UNSUBSCRIBED),
    "SendGrid: left a group": ("sendgrid", sendgrid(event="group_unsubscribe"), EventType.UNSUBSCRIBED),
    "Mailgun: accepted": ("mailgun", mailgun(event="accepted"), EventType.ACCEPTED),
    "Mailgun: delivered": ("mailgun", mailgun(event="delivered"), EventType.DELIVERED),
    "Mailgun: for now": ("mailgun", mailgun(severity="temporary"), EventType.DEFERRED),
    "Mailgun: opened": ("mailgun", mailgun(event="opened"), EventType.OPENED),
    "Mailgun: clicked": ("mailgun", mailgun(event="clicked", url="https://green.example/"), EventType.CLICKED),
    "Mailgun: left": ("mailgun", mailgun(event="unsubscribed"), EventType.UNSUBSCRIBED),
    "Mailgun: spam": ("mailgun", mailgun(event="complained"), EventType.COMPLAINED),
    "Mailgun: rejected": ("mailgun", mailgun(event="rejected", reject={"reason": "x"}), EventType.BOUNCED),
    "Mailgun: stored": ("mailgun", mailgun(event="stored"), None),
    "Postmark: delivery": ("postmark", postmark_record("Delivery", DeliveredAt=NOW.isoformat()), EventType.DELIVERED),
    "Postmark: open": ("postmark", postmark_record("Open", ReceivedAt=NOW.isoformat()), EventType.OPENED),
    "Postmark: click": (
        "postmark",
        postmark_record("Click", ReceivedAt=NOW.isoformat(), OriginalLink="https://green.example/"),
        EventType.CLICKED,
    ),
    "Postmark: spam": ("postmark", postmark(RecordType="SpamComplaint"), EventType.COMPLAINED),
    "Postmark: out of office": ("postmark", postmark(Type="AutoResponder"), EventType.AUTOREPLY),
    "Postmark: for now": ("postmark", postmark(Type="Transient"), EventType.DEFERRED),
    "Postmark: left": (
        "postmark",
        postmark_record(
            "SubscriptionChange",
            ChangedAt=NOW.isoformat(),
            SuppressSending=True,
            SuppressionReason="ManualSuppression",
            Origin="Recipient",
        ),
        EventType.UNSUBSCRIBED,
    ),
    "Postmark: came back": (
        "postmark",
        postmark_record("SubscriptionChange", ChangedAt=NOW.isoformat(), SuppressSending=False),
        None,
    ),
    "Postmark: inbound": ("postmark", postmark_record("Inbound"), None),
}


@pytest.mark.parametrize("what", KINDS)
async def test_every_kind_of_event_has_its_word_or_is_passed_over(what: str) -> None:
    provider, entry, kind = KINDS[what]
    world = WebhookWorld()
    assert (await tell(world, provider, entry)).status == 200
    assert [event.event for event in world.publishing.events] == ([kind] if kind else [])
    for event in world.publishing.events:
        assert event.url == ("https://green.example/" if kind is EventType.CLICKED else None)


SOFT, HARD, FAILED = "soft_bounced", "hard_bounced", "failed"
BLOCKED = "554 IMP b.example cox 192.0.2.1 is blocked. Error Code: CXBL"
FULL = {"status": "5.2.2", "diagnosticCode": "smtp; 552 5.2.2 mailbox full"}
RULED: dict[str, tuple[str, Any, str]] = {
    "a full mailbox": ("ses", ses(bounce={"bounceType": "Transient", "bouncedRecipients": [FULL]}), SOFT),
    "a block": ("sendgrid", sendgrid(type="blocked", reason=BLOCKED, status=""), HARD),
    "SendGrid's list": ("sendgrid", sendgrid(event="dropped", reason="Spam Reporting Address", status=""), SOFT),
    "SES's list": ("ses", ses(bounce={"bounceType": "Permanent", "bounceSubType": "Suppressed"}), SOFT),
    "Mailgun's list": ("mailgun", mailgun(reason="suppress-complaint", **{"delivery-status": {"code": 607}}), SOFT),
    "run out of time": ("mailgun", mailgun(reason="old", **{"delivery-status": {"message": "Too old"}}), SOFT),
    "a virus": ("ses", ses(eventType="Reject", reject={"reason": "Bad content"}), FAILED),
}


@pytest.mark.parametrize("why", RULED)
async def test_only_proof_about_the_address_itself_makes_it_dead(why: str) -> None:
    """D13: blocks, full mailboxes, and lists of a provider's own suppress nobody here."""
    provider, entry, state = RULED[why]
    world = WebhookWorld()
    await tell(world, provider, entry)
    [event] = world.publishing.events
    assert event.evidence is not None
    ruled = ruling_on(event.evidence.model_dump(exclude_none=True))
    assert (str(ruled.state), ruled.dead) == (state, False)


async def found(entry: Any, provider: str = "ses", campaigns: tuple[str, ...] = ("spring",)) -> list[DeliveryEvent]:
    world = WebhookWorld(campaigns=campaigns)
    assert (await tell(world, provider, entry)).status == 200
    return world.publishing.events


async def test_an_email_is_found_by_its_token_mark_or_campaign_and_address() -> None:
    """SES gives mails another Message-ID, and tells of their headers only where it is asked to."""
    sender = address_for(Purpose.BOUNCE, EMAIL, "bounces.green.example", KEYS)
    ways: list[tuple[str, Any]] = [
        ("ses", ses(mail=ses_mail(headers=[], source=f"Green <{sender}>"))),
        ("ses", ses(mail=ses_mail(headers=[], tags={"email-id": [EMAIL]}))),
        ("ses", ses(mail=ses_mail(headers=[], tags={"campaign-id": ["spring"]}))),
        ("sendgrid", sendgrid(**{"smtp-id": None, "email-id": EMAIL})),
        ("mailgun", mailgun(message={}, **{"user-variables": {"email_id": EMAIL}})),
        ("postmark", postmark(Metadata={"campaign-id": "spring"}, Email=ADDRESS.upper())),
    ]
    for provider, entry in ways:
        [event] = await found(entry, provider)
        assert event.email_id == EMAIL


async def test_other_mail_of_the_same_account_is_passed_over() -> None:
    forged = address_for(Purpose.REPLY, EMAIL, "bounces.green.example", KEYS).replace("r+", "b+")
    for mail in (
        ses_mail(headers=[{"name": "Message-ID", "value": "<0102.abc@eu-west-1.amazonses.com>"}]),
        ses_mail(headers=[], source=forged),
        ses_mail(headers=None, source=None, destination=None, tags=None, commonHeaders=None),
    ):
        assert await found(ses(mail=mail)) == []
    assert await found(ses(), campaigns=("autumn",)) == [], "of another deployment on the same account"


async def test_what_people_read_is_told_only_of_those_who_let_us() -> None:
    """D12: a provider's own pixel is no way around it."""
    world = WebhookWorld()
    world.untracked.add(EMAIL)
    read = [sendgrid(event="open", sg_event_id="1"), sendgrid(event="click", sg_event_id="2", url="https://x.example/")]
    assert (await tell(world, "sendgrid", *read, sendgrid(event="spamreport", sg_event_id="3"))).status == 200
    assert [event.event for event in world.publishing.events] == [EventType.COMPLAINED]
    assert world.counted.labels("sendgrid", "not_tracked")._value.get() == 2


async def test_a_reader_that_says_it_is_a_program_is_counted_apart() -> None:
    for agent, is_machine in (("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", False), ("Mozilla/5.0", True)):
        [event] = await found(ses(eventType="Open", open={"userAgent": agent, "ipAddress": "192.0.2.1"}))
        assert (event.by_machine, event.user_agent) == (is_machine, agent)


BAD: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"<event/>",
    "no UTF-8": b'{"a": "\xff"}',
    "deep": b"[" * 100_000,
    "deep, and whole": b"[" * 500 + b"]" * 500,
    "twice": b'{"event": "open", "event": "click"}',
    "NaN": b'{"a": NaN}',
    "beyond any number": b'{"a": 1e999}',
    "half a character": b'{"a": "\\ud83d"}',
    "a number of 5,000 digits": b"[" + b"9" * 5000 + b"]",
    "another shape": b'"text"',
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_body_that_cannot_be_read_is_refused(provider: str, what: str) -> None:
    """It is not even read where the signature is inside, and is not there: 401."""
    world = WebhookWorld()
    headers = {"sendgrid": sendgrid_headers(BAD[what]), "postmark": basic()}.get(provider, {})
    status = 401 if provider in ("ses", "mailgun") else 400
    assert (await world.post(provider, BAD[what], headers)).status == status
    assert world.publishing.told == []


async def test_what_mailgun_signed_for_one_event_is_worth_nothing_with_another() -> None:
    world = WebhookWorld()
    bodies = [mailgun_body(mailgun(id=id_), token="5e5a0e1c6f9b4d6ab0d7c3f3f5a2b4c6") for id_ in ("1", "1", "2")]
    answers = [(await world.post("mailgun", body, {})).status for body in bodies]
    assert answers == [200, 200, 403], "sent again it is believed"
    assert [told.id for told in world.publishing.told] == ["mailgun:1"] * 2


async def test_what_mailgun_signed_and_cannot_be_read_is_refused() -> None:
    world, signed = WebhookWorld(), mailgun_body(mailgun())
    for broken in (signed[:-1], signed + b"]", signed.replace(b'{"signature"', b'{"a": NaN, "signature"', 1)):
        assert (await world.post("mailgun", broken, {})).status == 400
    assert world.publishing.told == []


async def test_what_readers_call_signature_is_not_taken_for_mailguns() -> None:
    """Neither for theirs, nor in the place of theirs."""
    told = json.loads(mailgun_body(mailgun()))
    own = {"event-data": told["event-data"] | {"user-variables": {"signature": {"token": "mine"}}}}
    world = WebhookWorld()
    assert (await world.post("mailgun", json.dumps({**own, "signature": told["signature"]}).encode(), {})).status == 200
    inside = {"event-data": told["event-data"] | {"user-variables": {"signature": told["signature"]}}}
    assert (await world.post("mailgun", json.dumps(inside).encode(), {})).status == 401


async def test_nothing_is_read_of_what_sns_signed_for_another_topic() -> None:
    body = b'{"Signature": "x", "TopicArn": "arn:aws:sns:eu-west-1:1:other", "Message": ' + b"[" * 1_000_000
    assert (await WebhookWorld().post("ses", body)).status == 403


async def test_signed_nonsense_inside_a_message_of_sns_is_refused() -> None:
    for message in ("no JSON", '"text"', '{"a": 1, "a": 2}'):
        assert (await WebhookWorld().post("ses", sns(message))).status == 400
    assert (await WebhookWorld().post("ses", sns(ses(), Type="Something"))).status == 400
    assert (await WebhookWorld().post("ses", json.dumps({"Type": "Notification"}).encode())).status == 401


async def test_another_content_type_is_refused() -> None:
    world = WebhookWorld()
    answer = await world.post("postmark", b"a=b", basic() | {"content-type": "application/x-www-form-urlencoded"})
    assert answer.status == 415


@pytest.mark.parametrize("odd", [None, 7, True, [], {}, "", "\0", "x" * 20_000, -1e300, "1e400", "9" * 30])
async def test_fields_of_another_type_or_size_break_nothing(odd: Any) -> None:
    """Signed by the provider, and yet unlike its documentation: what can be told is told."""
    world = WebhookWorld()
    for provider, entry in (("ses", ses()), ("sendgrid", sendgrid()), ("mailgun", mailgun()), ("postmark", postmark())):
        for name in entry:
            assert (await tell(world, provider, {**entry, name: odd})).status == 200, (provider, name)
    for part in ("bounce", "mail"):
        for name in ses()[part]:
            assert (await tell(world, "ses", ses(**{part: {**ses()[part], name: odd}}))).status == 200, name
