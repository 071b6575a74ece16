"""What happens with mail that comes in: from bytes and envelope to delivery events."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from domain.classification.classified import Classified, MailKind
from domain.email import email_of_message_id
from domain.inbound_addresses import UNSIGNED, Accepted, Purpose, parsed
from domain.inbound_mail import ArrivedMail, Unattributed
from handlers.inbound_events import PERSONAL, About, Opened, contacts_in, event_of, wrote
from handlers.ports.audience import Contacts
from handlers.ports.clock import Clock
from handlers.ports.responses import UnattributedReports
from handlers.token_reader import TokenReader
from messages.delivery_event import DeliveryEvent

_CONTACT = re.compile(r"[0-9a-f]{32}")
#: Mail at an address without a token that is none of ours: a person's, or a machine's about something else.
_NOBODYS = frozenset({MailKind.REPLY, MailKind.OTHER, MailKind.CALENDAR, MailKind.READ_RECEIPT, MailKind.CHALLENGE})


@dataclass(frozen=True, slots=True)
class Read:
    """What was made of a mail."""

    kind: MailKind
    events: tuple[DeliveryEvent, ...] = ()
    unattributed: tuple[Unattributed, ...] = ()
    for_nobody: bool = False  #: it came only to addresses without a token, and nothing in it is for us


@dataclass(frozen=True, slots=True)
class InboundReader:
    """Reads mails, each as often as it comes with the same result."""

    tokens: TokenReader
    accepted: Accepted
    contacts: Contacts
    reports: UnattributedReports
    address_key: bytes
    now: Clock
    domains: frozenset[str] = field(default_factory=frozenset)  #: empty: any, but then only with a token
    trusts_unsigned_complaints: bool = False  #: of feedback loops that return nothing of ours but the Message-ID

    def is_ours(self, address: str) -> bool:
        """Whether mail for the address's domain is taken at all."""
        domain = address.lower().rpartition("@")[2]
        return domain in self.domains or (not self.domains and parsed(address) is not None)

    async def knows(self, address: str) -> bool:
        """Whether it is an address of ours: signed by us, or one of the few that need no token.

        Raises:
            Incomplete, StoreUnavailable: as `TokenReader.campaigns_of`.
        """
        return _unsigned(address) or await self._email_of(address) is not None

    async def __call__(self, mail: ArrivedMail) -> Read:
        """What the mail says, of every recipient of its envelope. What leads to nobody is stored.

        Raises:
            Incomplete, StoreUnavailable: it can't be told now; nothing was lost when the mail comes again.
        """
        opened = Opened(mail.raw)
        reads = [await self._one(opened, recipient) for recipient in dict.fromkeys(mail.recipients)]
        unattributed = tuple({one.id: one for read in reads for one in read.unattributed}.values())
        if unattributed:
            await self.reports.add(unattributed)
        events = tuple({event.event_id: event for read in reads for event in read.events}.values())
        return Read(reads[0].kind, events, unattributed, all(read.for_nobody for read in reads))

    async def _one(self, opened: Opened, recipient: str) -> Read:
        found = opened.classified(recipient)
        about = await self._signed(recipient)
        if about is None:
            about = await self._inside(found)
        if about is None:
            nobodys = found.kind in _NOBODYS
            return Read(found.kind, (), () if nobodys else (self._kept(opened, found, "no_token", None),), nobodys)
        event = event_of(opened, found, about, at=self.now(), address_key=self.address_key)
        if event is None:
            return Read(found.kind, (), (self._kept(opened, found, "says_nothing", about),))
        return Read(found.kind, (event,))

    async def _signed(self, recipient: str) -> About | None:
        """The email that the recipient's own token names."""
        address, email = parsed(recipient), await self._email_of(recipient)
        return About(email, address.purpose, address.purpose is Purpose.BOUNCE) if address and email else None

    async def _inside(self, found: Classified) -> About | None:
        """The email that something in the mail names: a token of ours that it returns, or the id of a mail of ours."""
        named = [(parsed(text), await self._email_of(text)) for text in found.original.token_addresses[:8]]
        signed = [(address.purpose, email) for address, email in named if address and email]
        if signed:
            purpose, email = min(signed, key=lambda one: one[0] is not Purpose.BOUNCE)
            return About(email, None, purpose is Purpose.BOUNCE)
        return await self._by_message_id(found)

    async def _by_message_id(self, found: Classified) -> About | None:
        """Message-IDs are not signed: who has seen a mail can write one, and public replies quote them.

        They prove no bounce and no complaint, which would suppress for good, and nobody's word. Who says from the
        person's own address that she leaves is believed: if it is forged, no harm is done but a mail less.
        """
        if found.kind is MailKind.COMPLAINT and not self.trusts_unsigned_complaints:
            return None
        for text in found.original.message_ids:
            email = email_of_message_id(text)
            if email is None:
                continue
            campaign, contact, _ = email.split(":")
            if not _CONTACT.fullmatch(contact) or not await self.tokens.exists(campaign):
                continue
            if found.kind in PERSONAL and not wrote(found, contact, self.address_key):
                continue
            if await self.contacts.revisions([contact]):
                return About(email, None)
        return None

    async def _email_of(self, text: str) -> str | None:
        address = parsed(text)
        if address is None or address.hint is None:
            return None
        return self.accepted.email_of(address, await self.tokens.campaigns_of(address.hint))

    def _kept(self, opened: Opened, found: Classified, why: str, about: About | None) -> Unattributed:
        ids = (about.contact_id,) if about else contacts_in(found, self.address_key)
        return Unattributed(
            id=hashlib.sha256(opened.raw).hexdigest()[:40],
            at=self.now(),
            kind=found.kind,
            rule=found.rule,
            why=why,
            contact_ids=ids,
            raw=opened.excerpt,
        )


def _unsigned(address: str) -> bool:
    return address.lower().partition("@")[0] in UNSIGNED
