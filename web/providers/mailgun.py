"""Mailgun's webhooks: one event each (documentation.mailgun.com/docs/mailgun/user-manual/webhooks).

Signed with HMAC-SHA-256 over time stamp and token, in the body; the rest of the body is not signed, so it has to come
by https. A token that was seen with one event is worth nothing with another; each process knows those it saw itself.
"""

from __future__ import annotations

import hmac
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from itertools import islice

from domain.errors import InvalidMessage
from messages.delivery_event import EventType, Evidence
from web.posted import FORGED, UNSIGNED, Posted, Refused
from web.providers.fields import Fields, campaign_in, evidence, fields, mark_in, moment, number, text
from web.providers.report import Named, Report
from web.providers.stamp import check_age
from web.strict_json import strict

NAME = "mailgun"

_EVENTS: Mapping[str, EventType] = {
    "accepted": EventType.ACCEPTED,
    "delivered": EventType.DELIVERED,
    "opened": EventType.OPENED,
    "clicked": EventType.CLICKED,
    "complained": EventType.COMPLAINED,
    "unsubscribed": EventType.UNSUBSCRIBED,
    "rejected": EventType.BOUNCED,
}
_PERMANENT = "permanent"
#: Why Mailgun did not try: its own lists. In words of ours, for the rules would read its own as a server's.
_SUPPRESSED: Mapping[str, str] = {
    "suppress-bounce": "not tried: a mail to this address bounced before, and the provider keeps it on a list",
    "suppress-complaint": "not tried: its owner reported a mail before, and the provider keeps it on a list",
    "suppress-unsubscribe": "not tried: its owner left, and the provider keeps it on a list",
}
#: Where the body says its signature: looked for before anything is read, for whoever has no key may post megabytes.
_SIGNED = re.compile(rb'"signature"\s*:\s*(\{[^{}]{0,1000}\})')
_MOST_LOOKED_AT = 4  #: of such: a reader's own variables may be called so, too
_MOST_TOKENS = 50_000  #: that are remembered, of some 100 bytes each; the one seen longest ago is forgotten first
_GAVE_UP = "old"  #: it was tried again and again, and ran out of time


@dataclass(frozen=True, slots=True)
class Mailgun:
    """Reads what one of these keys has signed."""

    keys: tuple[bytes, ...]
    window: timedelta
    name: str = NAME
    _events: OrderedDict[str, str] = field(default_factory=OrderedDict)  #: the event's id, by the token it came with

    async def reports(self, posted: Posted) -> Sequence[Report]:
        """
        Raises:
            Refused: not signed by Mailgun, or too long ago.
            InvalidMessage: signed, and no JSON.
        """
        self._check_unread(posted)
        told = strict(posted.body)
        if not isinstance(told, dict):
            raise InvalidMessage("body: an object is needed")
        signature = fields(told.get("signature"))
        self._check(signature, posted)
        found = _report(fields(told.get("event-data")))
        if found is not None:
            self._check_token(str(signature.get("token")), found.id)
        return [] if found is None else [found]

    def _check_token(self, token: str, event_id: str) -> None:
        """Mailgun sends an event again with what it signed; who recorded that has nothing for an event of his own."""
        if self._events.setdefault(token, event_id) != event_id:
            raise Refused(FORGED, "signed for another event")
        if len(self._events) > _MOST_TOKENS:
            self._events.popitem(last=False)

    def _check_unread(self, posted: Posted) -> None:
        """Whether it has a signature at all that counts; which part of it that belongs to is seen when it is read."""
        refused = Refused(UNSIGNED, "not signed")
        for found in islice(_SIGNED.finditer(posted.body), _MOST_LOOKED_AT):
            try:
                return self._check(fields(strict(found[1])), posted)
            except Refused as error:
                refused = error
        raise refused

    def _check(self, given: Fields, posted: Posted) -> None:
        stamp, token, signature = (text(_as_text(given.get(name))) for name in ("timestamp", "token", "signature"))
        if not stamp or not token or not signature:
            raise Refused(UNSIGNED, "not signed")
        if not any(hmac.compare_digest(_signature(key, stamp, token), signature.encode()) for key in self.keys):
            raise Refused(FORGED, "the signature is of another key or another text")
        check_age(moment(stamp), posted.now, self.window)


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) else value


def _signature(key: bytes, stamp: str, token: str) -> bytes:
    return hmac.new(key, f"{stamp}{token}".encode(), sha256).hexdigest().encode()


def _report(entry: Fields) -> Report | None:
    event, id_, at = _event(entry), text(entry.get("id")), moment(entry.get("timestamp"))
    if event is None or id_ is None or at is None:
        return None
    variables, client = fields(entry.get("user-variables")), fields(entry.get("client-info"))
    envelope, headers = fields(entry.get("envelope")), fields(fields(entry.get("message")).get("headers"))
    return Report(
        id=id_,
        event=event,
        at=at,
        named=Named(
            mark=mark_in(variables),
            message_id=text(headers.get("message-id")),
            sender=text(envelope.get("sender")),
            campaign_id=campaign_in(variables),
            address=text(entry.get("recipient")),
        ),
        evidence=_evidence(event, entry),
        url=text(entry.get("url")) if event is EventType.CLICKED else None,
        user_agent=text(client.get("user-agent")),
        ip=text(entry.get("ip")),
        by_machine=bool(text(client.get("bot"))),
    )


def _event(entry: Fields) -> EventType | None:
    if entry.get("event") != "failed":
        return _EVENTS.get(str(entry.get("event")))
    return EventType.BOUNCED if entry.get("severity") == _PERMANENT else EventType.DEFERRED


def _evidence(event: EventType, entry: Fields) -> Evidence:
    status, reason = fields(entry.get("delivery-status")), text(entry.get("reason")) or ""
    said = text(status.get("message")) or text(status.get("description")) or text(_rejection(entry))
    found = evidence(
        NAME, _SUPPRESSED.get(reason, said), code=status.get("code"), enhanced=text(status.get("enhanced-code"))
    )
    if event is not EventType.BOUNCED:
        return found
    tried = number(status.get("code"))
    passing = reason == _GAVE_UP or (tried is not None and 400 <= tried < 500)
    return found.model_copy(update={"permanent": not passing})


def _rejection(entry: Fields) -> object:
    told = fields(entry.get("reject"))
    return told.get("description") or told.get("reason")
