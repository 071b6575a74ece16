"""Postmark's webhooks: one event each, not signed (postmarkapp.com/developer/webhooks/webhooks-overview).

Who knows the secret is believed: as the password of basic authentication, or in a header of one's own; both can be set
at Postmark. There is no time stamp, so a recorded request may be told again; event ids make that harmless.
"""

from __future__ import annotations

import base64
import hmac
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.errors import InvalidMessage
from messages.delivery_event import EventType, Evidence
from web.posted import FORGED, UNSIGNED, Posted, Refused
from web.providers.fields import Fields, campaign_in, evidence, fields, mark_in, moment, text
from web.providers.report import Named, Report
from web.strict_json import strict

NAME = "postmark"
SECRET = "x-webhook-secret"

#: When it happened, by the kind of record.
_TIMES: Mapping[str, str] = {
    "Delivery": "DeliveredAt",
    "Bounce": "BouncedAt",
    "SpamComplaint": "BouncedAt",
    "Open": "ReceivedAt",
    "Click": "ReceivedAt",
    "SubscriptionChange": "ChangedAt",
}
_EVENTS: Mapping[str, EventType] = {
    "Delivery": EventType.DELIVERED,
    "Bounce": EventType.BOUNCED,
    "SpamComplaint": EventType.COMPLAINED,
    "Open": EventType.OPENED,
    "Click": EventType.CLICKED,
}
#: Kinds of bounce that are none (postmarkapp.com/developer/api/bounce-api, bounce types).
_BOUNCES: Mapping[str, EventType | None] = {
    "Transient": EventType.DEFERRED,
    "AutoResponder": EventType.AUTOREPLY,
    "ChallengeVerification": EventType.DEFERRED,
    "SpamComplaint": EventType.COMPLAINED,
    "Unsubscribe": EventType.UNSUBSCRIBED,
    "Subscribe": None,
    "OpenRelayTest": None,
    "Unconfirmed": None,
}
_PERMANENT = frozenset({"HardBounce", "BadEmailAddress", "AddressChange", "Blocked", "SpamNotification", "DMARCPolicy",
                        "VirusNotification", "ManuallyDeactivated"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Postmark:
    """Reads what comes with one of these secrets."""

    secrets: tuple[bytes, ...]
    name: str = NAME

    async def reports(self, posted: Posted) -> Sequence[Report]:
        """
        Raises:
            Refused: it does not know a secret.
            InvalidMessage: it does, and is no event.
        """
        shown = posted.headers.get(SECRET, "").encode() or _password(posted.headers.get("authorization", ""))
        if not shown:
            raise Refused(UNSIGNED, "no secret is shown")
        if not any(hmac.compare_digest(secret, shown) for secret in self.secrets):
            raise Refused(FORGED, "another secret is shown")
        told = strict(posted.body)
        if not isinstance(told, dict):
            raise InvalidMessage("body: an object is needed")
        found = _report(told)
        return [] if found is None else [found]


def _password(authorization: str) -> bytes:
    """Of basic authentication (RFC 7617); empty where there is none."""
    scheme, _, credentials = authorization.partition(" ")
    try:
        return base64.b64decode(credentials, validate=True).partition(b":")[2] if scheme.lower() == "basic" else b""
    except (Base64Error, ValueError):
        return b""


def _report(entry: Fields) -> Report | None:
    kind = str(entry.get("RecordType"))
    event, at = _event(kind, entry), moment(entry.get(_TIMES.get(kind, "")))
    mail = text(entry.get("MessageID"))
    if event is None or at is None or mail is None:
        return None
    metadata, geo = fields(entry.get("Metadata")), fields(entry.get("Geo"))
    return Report(
        id=f"{mail}:{kind}:{_told_apart(kind, entry, at.isoformat())}",
        event=event,
        at=at,
        named=Named(
            mark=mark_in(metadata),
            campaign_id=campaign_in(metadata),
            address=text(entry.get("Recipient")) or text(entry.get("Email")),
        ),
        evidence=_evidence(event, entry),
        url=text(entry.get("OriginalLink")) if event is EventType.CLICKED else None,
        user_agent=text(entry.get("UserAgent")),
        ip=text(geo.get("IP")),
    )


def _event(kind: str, entry: Fields) -> EventType | None:
    if kind == "SubscriptionChange":
        return _left(entry)
    if kind == "Bounce":
        return _BOUNCES.get(str(entry.get("Type")), EventType.BOUNCED)
    return _EVENTS.get(kind)


def _left(entry: Fields) -> EventType | None:
    """Bounces and complaints tell of themselves; nobody comes back by an event (D4)."""
    by_hand = entry.get("SuppressionReason") == "ManualSuppression" and entry.get("Origin") == "Recipient"
    return EventType.UNSUBSCRIBED if entry.get("SuppressSending") is True and by_hand else None


def _told_apart(kind: str, entry: Fields, at: str) -> str:
    """Bounces have an id; of the others a mail has one of a kind at a time."""
    id_ = entry.get("ID")
    return str(id_) if kind in {"Bounce", "SpamComplaint"} and isinstance(id_, int | str) else at


def _evidence(event: EventType, entry: Fields) -> Evidence:
    said = text(entry.get("Details")) or text(entry.get("Description"))
    if event is not EventType.BOUNCED:
        return evidence(NAME, said)
    found = evidence(NAME, said)
    words = text(entry.get("Description")) if found.code is None else None
    permanent = found.code >= 500 if found.code is not None else str(entry.get("Type")) in _PERMANENT
    return found.model_copy(update={"permanent": permanent, "told": words[:4096] if words else None})
