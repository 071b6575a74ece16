"""What a mail that came in means for the email that it is about: one delivery event, or none. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from domain.classification.addresses import addresses_in
from domain.classification.classified import Classified, MailKind, Recipient
from domain.classification.excerpt import excerpt
from domain.classification.inbound import RULED
from domain.classification.mail import classify
from domain.classification.parts import read_headers
from domain.classification.reasons import Effect
from domain.contact import address, contact_id
from domain.inbound_addresses import Purpose, parsed
from messages.delivery_event import DeliveryEvent, EventType, Evidence

_MAX_TEXT = 8192
_DELIVERY: Mapping[MailKind, EventType] = {
    MailKind.BOUNCE: EventType.BOUNCED,
    MailKind.DELAYED: EventType.DEFERRED,
    MailKind.DELIVERED: EventType.DELIVERED,
}
_PEOPLE: Mapping[MailKind, EventType] = {
    MailKind.COMPLAINT: EventType.COMPLAINED,
    MailKind.UNSUBSCRIBE: EventType.UNSUBSCRIBED,
    MailKind.AUTOREPLY: EventType.AUTOREPLY,
    MailKind.REPLY: EventType.REPLIED,
}
_ARRIVED: Mapping[MailKind, EventType] = {
    MailKind.READ_RECEIPT: EventType.DELIVERED,  # we never ask for one, and it is no consent to being watched
    MailKind.CALENDAR: EventType.DELIVERED,
    MailKind.CHALLENGE: EventType.DEFERRED,  # it is held until the sender proves something, which we never do
}
_ANYTHING = {**_DELIVERY, **_PEOPLE, **_ARRIVED}
_FAILED = frozenset({MailKind.BOUNCE, MailKind.DELAYED})
#: What is heard at an address; None: at one without a token.
_HEARD: Mapping[Purpose | None, Mapping[MailKind, EventType]] = {
    Purpose.BOUNCE: _ANYTHING,
    Purpose.REPLY: _ANYTHING,
    Purpose.UNSUBSCRIBE: {MailKind.UNSUBSCRIBE: EventType.UNSUBSCRIBED, MailKind.REPLY: EventType.UNSUBSCRIBED},
    Purpose.FEEDBACK: {
        MailKind.COMPLAINT: EventType.COMPLAINED,
        MailKind.UNSUBSCRIBE: EventType.UNSUBSCRIBED,
    },
    None: {**_DELIVERY, **_PEOPLE},
}
#: People say these; without a token, only the person's own address makes them theirs.
PERSONAL = frozenset({MailKind.UNSUBSCRIBE, MailKind.AUTOREPLY, MailKind.REPLY})


@dataclass(frozen=True, slots=True)
class About:
    """Which email a mail is about, and how that is known."""

    email_id: str
    purpose: Purpose | None  #: of the address that it came to; None: it was found in the mail
    bounce_proven: bool = False  #: a bounce token proves that a bounce is about it

    @property
    def contact_id(self) -> str:
        return self.email_id.split(":")[1]


@dataclass(frozen=True)
class Opened:
    """The bytes of a mail, and what is worked out of them once for all its recipients."""

    raw: bytes
    read: dict[Purpose | None, Classified] = field(default_factory=dict)

    @cached_property
    def excerpt(self) -> str:
        return excerpt(self.raw)

    @cached_property
    def identity(self) -> bytes:
        """The same for a mail that comes again: its Message-ID, or a hash of what it says where it has none."""
        headers, body = read_headers(self.raw.replace(b"\r\n", b"\n").lstrip(b"\n"))
        return headers.get("message-id").encode("utf-8", "replace") or hashlib.sha256(body).digest()

    def classified(self, recipient: str) -> Classified:
        """What it is when it comes to an address for this purpose; the token itself makes no difference."""
        address = parsed(recipient)
        purpose = address.purpose if address else None
        if purpose not in self.read:
            self.read[purpose] = classify(self.raw, sent_to=recipient)
        return self.read[purpose]


def event_of(
    opened: Opened, mail: Classified, about: About, *, at: datetime, address_key: bytes
) -> DeliveryEvent | None:
    """The event, the same for the same mail; None where the mail says nothing that is heard at that address."""
    person, is_theirs = _person(mail, about.contact_id, address_key)
    kind = _HEARD[about.purpose].get(person.kind if person and is_theirs else mail.kind)
    if kind is None:
        return None
    return DeliveryEvent(
        event_id=event_id(about.email_id, kind, opened.identity),
        event=kind,
        email_id=about.email_id,
        occurred_at=at,
        evidence=_evidence(mail, person, opened.excerpt, hearsay=not (about.bounce_proven and is_theirs)),
    )


def event_id(email_id: str, kind: EventType, mail: bytes) -> str:
    """The same for the same `mail`, an `Opened.identity`."""
    return f"mail:{hashlib.sha256(f'{email_id} {kind} '.encode() + mail).hexdigest()[:40]}"


def contacts_in(mail: Classified, address_key: bytes) -> tuple[str, ...]:
    """Ids of the people whom the mail names, as far as their addresses are any; at most a hundred."""
    return tuple(_ids((one.address for one in mail.recipients[:100]), address_key).values())


def wrote(mail: Classified, contact: str, address_key: bytes) -> bool:
    """Whether this person's address is the one that the mail says it is from."""
    return contact in _ids([mail.sender], address_key).values()


def _evidence(mail: Classified, person: Recipient | None, raw: str, *, hearsay: bool) -> Evidence:
    source, verdict = mail.rule[:100], person.verdict if person else None
    if mail.kind not in _FAILED:
        return Evidence(text=mail.detail, source=source, raw=raw)
    if verdict is None:
        return Evidence(source=source, hearsay=hearsay or None, raw=raw)
    return Evidence(
        code=verdict.code,
        enhanced=verdict.enhanced,
        text=verdict.text[:_MAX_TEXT] or None,
        source=source,
        reason=verdict.reason,
        rule=verdict.rule[:100],
        confidence=verdict.confidence,
        permanent=verdict.permanent is not False,
        stage=verdict.stage or None,
        told=verdict.told[:RULED] or None,
        hearsay=hearsay or None,
        raw=raw,
    )


def _person(mail: Classified, contact: str, address_key: bytes) -> tuple[Recipient | None, bool]:
    """What is reported of this contact, and whether it is: another address may be where a mailbox is forwarded to.

    A token holds no address: a reported one is compared by its id. Where none is theirs, the mildest report counts.
    """
    if mail.kind not in _DELIVERY:
        return None, True
    ids = _ids((one.address for one in mail.recipients), address_key)
    theirs = [one for one in mail.recipients if one.address is not None and ids.get(one.address) == contact]
    if theirs:
        return next(((one, True) for one in theirs if _is_there(one)), (min(theirs, key=_harm), False))
    [only, *others] = mail.recipients or [None]
    if only is None or (not others and _is_anonymous_or(mail, only.address, contact, address_key)):
        return only, True
    return min(mail.recipients, key=_harm), False


def _is_there(one: Recipient) -> bool:
    """Whether it is about the mailbox itself: not about one that it forwards to, whether it keeps a copy or not."""
    return one.elsewhere is None or _only_host_differs(one.address or "", one.elsewhere)


def _harm(one: Recipient) -> int:
    return 0 if one.kind not in _FAILED else 1 if one.verdict is None or one.verdict.effect is not Effect.HARD else 2


def _is_anonymous_or(mail: Classified, reported: str | None, contact: str, address_key: bytes) -> bool:
    return reported is None or _same_mailbox(mail, reported, contact, address_key)


def _same_mailbox(mail: Classified, reported: str, contact: str, address_key: bytes) -> bool:
    """Whether the returned mail went to the contact under a name that its server only writes differently.

    Servers report jane@mx3.corp.example or jane@corp.onmicrosoft.com for jane@corp.example. Elsewhere, the same name is
    another mailbox, that hers is forwarded to.
    """
    headers = mail.original.headers
    written = [one for name in ("to", "x-envelope-to") for one in addresses_in(headers.text(name))]
    own = [text for text, known in _ids(written, address_key).items() if known == contact]
    return any(_only_host_differs(text, reported) for text in own)


def _only_host_differs(written: str, reported: str) -> bool:
    ours, theirs = address(written), address(reported)
    if ours is None or theirs is None or ours.identity.rpartition("@")[0] != theirs.identity.rpartition("@")[0]:
        return False
    return _belong_together(ours.domain, theirs.domain)


def _belong_together(written: str, reported: str) -> bool:
    """Whether one of the domains is the other or below it, or the reported one is Microsoft's name of the other."""
    if reported == f"{written.partition('.')[0]}.onmicrosoft.com":
        return True
    upper, lower = sorted((written, reported), key=len)
    return "." in upper and f".{lower}".endswith(f".{upper}")


def _ids(addresses: Iterable[str | None], address_key: bytes) -> dict[str, str]:
    found = {text: address(text) for text in addresses if text}
    return {text: contact_id(one.identity, address_key) for text, one in found.items() if one}
