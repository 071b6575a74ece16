"""Amazon SES by way of SNS: event publishing, and its older notifications of identities.

docs.aws.amazon.com/ses/latest/dg: event-publishing-retrieving-sns-contents, notification-contents. SES gives mails
another Message-ID; ours stands among the headers that it was given, and the envelope sender carries a token of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from domain.errors import InvalidMessage
from messages.delivery_event import EventType, Evidence
from web.posted import FORGED, UNSIGNED, Posted, Refused
from web.providers.fields import Fields, campaign_in, evidence, fields, items, mark_in, moment, text
from web.providers.report import Named, Report
from web.providers.sns import (
    CONFIRMATION,
    NOTIFICATION,
    SnsMessage,
    check_signature,
    is_certificate_url,
    is_sns_url,
    sns_message,
)
from web.providers.stamp import check_age
from web.strict_json import strict

log = structlog.get_logger()

NAME = "ses"

#: Event, and where SES tells of it.
_EVENTS: Mapping[str, tuple[EventType, str]] = {
    "Send": (EventType.ACCEPTED, "send"),
    "Delivery": (EventType.DELIVERED, "delivery"),
    "DeliveryDelay": (EventType.DEFERRED, "deliveryDelay"),
    "Bounce": (EventType.BOUNCED, "bounce"),
    "Complaint": (EventType.COMPLAINED, "complaint"),
    "Reject": (EventType.BOUNCED, "reject"),
    "Open": (EventType.OPENED, "open"),
    "Click": (EventType.CLICKED, "click"),
    "Subscription": (EventType.UNSUBSCRIBED, "subscription"),
    # Rendering Failure: of templates that SES keeps; ours come written
}
#: It was asked to send to an address on a list of its own. In words of ours: SES's own 5.1.1 is none of a server.
_SUPPRESSED = frozenset({"Suppressed", "OnAccountSuppressionList", "OnTenantSuppressionList"})
_SIGNATURE = b'"Signature"'
_NOT_TRIED = "not tried: a mail to this address bounced before, and the provider keeps it on a list"


class Amazon(Protocol):
    """What is asked of SNS's own servers."""

    async def certificate(self, url: str) -> bytes:
        """The PEM text at this address.

        Raises:
            Unavailable: it could not be read.
        """
        ...

    async def confirm(self, url: str) -> None:
        """Ask for what was subscribed. Raises as `certificate`."""
        ...


@dataclass(frozen=True, slots=True)
class Ses:
    """Reads what SNS signed for one of these topics."""

    topics: frozenset[str]
    amazon: Amazon
    window: timedelta
    name: str = NAME

    async def reports(self, posted: Posted) -> Sequence[Report]:
        """What is told; nothing where a topic asks to be confirmed: that is done.

        Raises:
            Refused: not signed by SNS for a topic of ours, or too long ago.
            InvalidMessage: signed, and not what SES says.
            Unavailable: the certificate could not be read now.
        """
        self._check_unread(posted.body)
        message = sns_message(posted.body)
        if message.topic not in self.topics:
            raise Refused(FORGED, "of a topic that is not ours")
        check_age(message.at, posted.now, self.window)
        if not is_certificate_url(message.certificate_url):
            raise Refused(FORGED, "its certificate is not at Amazon")
        check_signature(message, await self.amazon.certificate(message.certificate_url), posted.now)
        if message.kind == NOTIFICATION:
            return _reports(message)
        if message.kind == CONFIRMATION:
            await self._confirm(message)
        log.info("webhook_subscription", provider=NAME, kind=message.kind)
        return []

    def _check_unread(self, body: bytes) -> None:
        """Nobody's megabytes are read who does not even say what is signed, and for which topic of ours."""
        if _SIGNATURE not in body:
            raise Refused(UNSIGNED, "not signed")
        if not any(topic.encode() in body for topic in self.topics):
            raise Refused(FORGED, "of a topic that is not ours")

    async def _confirm(self, message: SnsMessage) -> None:
        if message.subscribe_url is None or not is_sns_url(message.subscribe_url):
            raise Refused(FORGED, "it is not to be confirmed at Amazon")
        await self.amazon.confirm(message.subscribe_url)


def _reports(message: SnsMessage) -> Sequence[Report]:
    told = strict(message.body.encode("utf-8", "replace"))
    if not isinstance(told, dict):
        raise InvalidMessage("Message: an object is needed")
    kind = str(told.get("eventType") or told.get("notificationType"))
    event, where = _EVENTS.get(kind, (None, ""))
    mail, detail = fields(told.get("mail")), fields(told.get(where))
    at = moment(detail.get("timestamp")) or moment(mail.get("timestamp")) or message.at
    if event is None or at is None or not _counts(event, detail):
        return []
    return [
        Report(
            id=text(detail.get("feedbackId")) or message.id,
            event=event,
            at=at,
            named=_named(mail),
            evidence=_EVIDENCE.get(where, _said_nothing)(detail),
            url=text(detail.get("link")),
            user_agent=text(detail.get("userAgent")) if event in _READ else None,
            ip=text(detail.get("ipAddress")) if event in _READ else None,
        )
    ]


_READ = frozenset({EventType.OPENED, EventType.CLICKED})


def _counts(event: EventType, detail: Fields) -> bool:
    """A change of subscriptions counts where somebody leaves all of them; a complaint of a list of SES's own is old."""
    if event is EventType.UNSUBSCRIBED:
        return fields(detail.get("newTopicPreferences")).get("unsubscribeAll") is True
    return str(detail.get("complaintSubType")) not in _SUPPRESSED


def _named(mail: Fields) -> Named:
    headers = {str(each.get("name")).lower(): each.get("value") for each in items(mail.get("headers"))}
    common, tags = fields(mail.get("commonHeaders")), {name: _first(value) for name, value in _tags(mail).items()}
    destination = mail.get("destination")
    return Named(
        mark=mark_in(tags),
        message_id=text(headers.get("message-id")) or text(common.get("messageId")),
        sender=text(mail.get("source")),
        campaign_id=campaign_in(tags),
        address=text(_first(destination)),
    )


def _tags(mail: Fields) -> Fields:
    return fields(mail.get("tags"))


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and len(value) == 1 else None


def _bounce(detail: Fields) -> Evidence:
    [one, *_] = [*items(detail.get("bouncedRecipients")), {}]
    if str(detail.get("bounceSubType")) in _SUPPRESSED:
        return evidence(NAME, _NOT_TRIED, permanent=True)
    permanent = detail.get("bounceType") == "Permanent"
    return evidence(NAME, text(one.get("diagnosticCode")), enhanced=one.get("status"), permanent=permanent)


def _delay(detail: Fields) -> Evidence:
    [one, *_] = [*items(detail.get("delayedRecipients")), {}]
    said = text(one.get("diagnosticCode")) or text(detail.get("delayType"))
    return evidence(NAME, said, enhanced=one.get("status"))


def _delivery(detail: Fields) -> Evidence:
    return evidence(NAME, text(detail.get("smtpResponse")))


def _complaint(detail: Fields) -> Evidence:
    return evidence(NAME, text(detail.get("complaintFeedbackType")))


def _reject(detail: Fields) -> Evidence:
    """SES rejects what carries a virus, and nothing else."""
    said = text(detail.get("reason")) or "rejected"
    return evidence(NAME, f"message contains a virus: {said}", permanent=True)


def _said_nothing(detail: Fields) -> Evidence:
    return evidence(NAME, None)


_EVIDENCE: Mapping[str, Callable[[Fields], Evidence]] = {
    "bounce": _bounce,
    "deliveryDelay": _delay,
    "delivery": _delivery,
    "complaint": _complaint,
    "reject": _reject,
}
