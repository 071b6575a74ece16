"""A person's data is erased (GDPR, Art. 17): everywhere, in one go, and as often as anybody asks.

The erasure is noted first, so that a record of the person that comes while it searches is remembered with it, and then
the suppressions. From then on nobody else stores anything of the person: whoever wrote before is found here, whoever
writes later sees them, and who had the contact in memory finds no revision to replace. The contact goes last but for
the records: these tell whose they are, so that an erasure that was killed is done by repeating it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.audit import DONE, AuditEntry
from domain.contact import address, contact_id
from domain.eligibility import SuppressionReason
from domain.email import OPEN_STATES, Email, EmailState, Outcome, SkipReason
from domain.erasure import Erasure, Person, key_of
from domain.errors import InvalidMessage
from domain.lists import Suppression
from domain.module import Module
from domain.projection import last_email_of
from domain.record import Record
from domain.slices import SliceState
from domain.sync import SyncSkip
from handlers.ports.audience import Contacts, Modules, Records, RecordsOfPeople
from handlers.ports.clock import Clock
from handlers.ports.ledger import Emails, Slices
from handlers.ports.operations import Audit
from handlers.ports.privacy import Erasures, Traces
from handlers.ports.responses import Suppressions
from messages.base import Message
from messages.erasure_requested import ErasureRequested

#: In-flight mails, slices of a review and events end in this time; then what they wrote is looked for.
AGAIN_S = 900.0
#: How long mails are waited for whose batch is being sent; all but those of slow throttles end sooner.
PATIENCE_S = 15.0
_LOOK_S = 0.5
_HELD = frozenset({SliceState.CLAIMED, SliceState.STARTED})


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Finds out who is meant by an address or a record, and which records are this person's."""

    records: Records
    of_people: RecordsOfPeople
    contacts: Contacts
    modules: Modules
    address_key: bytes

    async def __call__(self, named: str | None, record: str | None) -> Person:
        """
        Raises:
            InvalidMessage: the address is none.
        """
        return await self.with_records(await self.named(named, record))

    async def named(self, named: str | None, record: str | None) -> Person:
        """Who is meant, with no record but the one that is named: quickly.

        Raises:
            InvalidMessage: the address is none.
        """
        identity = _identity(named) if named else await self._identity_of(record)
        id_ = contact_id(identity, self.address_key) if identity else None
        return Person.of(id_, identity, [record] if record else [], self.address_key)

    async def with_records(self, person: Person) -> Person:
        """The same with all their records: looks through all that there are."""
        if person.contact_id is None:
            return person
        theirs = await self._records_of(person.contact_id, person.identity)
        return Person.of(person.contact_id, person.identity, [*theirs, *person.refs], self.address_key)

    async def again(self, erasure: Erasure) -> Person:
        """The same person later: of the address and the records, only keys are known."""
        keys = frozenset(map(key_of, erasure.records))
        id_ = None if erasure.id in keys else erasure.id
        found = await self.of_people.about(erasure.id, "")
        person = Person.of(id_, "", [record.ref for record in found], self.address_key)
        return replace(person, keys=person.keys | keys)

    async def _identity_of(self, ref: str | None) -> str:
        record = (await self.records.load([ref])).get(ref) if ref else None
        if record is None:
            return ""
        found = _email(record, await self.modules.get(record.module))
        return found.lower() if found else ""

    async def _records_of(self, id_: str, identity: str) -> list[str]:
        """A record that moved on to another address is that one's, though the contact remembers it."""
        contact = (await self.contacts.load([id_])).get(id_)
        behind = await self.records.load(list(contact.sources)) if contact else {}
        known = {**behind, **{record.ref: record for record in await self.of_people.about(id_, identity)}}
        modules = {name: await self.modules.get(name) for name in sorted({each.module for each in known.values()})}
        missing = [source.ref for source in contact.present() if source.ref not in known] if contact else []
        return [*missing, *(ref for ref, each in known.items() if self._is_theirs(each, id_, modules))]

    def _is_theirs(self, record: Record, id_: str, modules: Mapping[str, Module | None]) -> bool:
        found = _email(record, modules[record.module])
        if found is None:
            return record.projected is not None and record.projected.contact_id == id_
        return contact_id(found.lower(), self.address_key) == id_


@dataclass(frozen=True, slots=True)
class Eraser:
    """Erases people, any number at once; two that erase the same one do each step once between them."""

    whereabouts: Whereabouts
    suppressions: Suppressions
    emails: Emails
    slices: Slices
    traces: Sequence[Traces]
    erasures: Erasures
    audit: Audit
    now: Clock
    again_s: float = AGAIN_S
    patience_s: float = PATIENCE_S
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def __call__(self, asked: ErasureRequested) -> Sequence[Message]:
        await self.erase(asked, source="message")
        return []

    async def survey(self, asked: ErasureRequested) -> Mapping[str, int]:
        """How many documents of each collection would be changed or removed."""
        person = await self.whereabouts(asked.address, asked.record)
        return {each.collection: len(await each.of(person)) for each in self.traces}

    async def erase(self, asked: ErasureRequested, *, source: str) -> Erasure:
        """The receipt.

        Raises:
            InvalidMessage: the address is none.
            Conflict: a campaign that names one of the records kept changing; whatever is left is done by a repeat.
        """
        named = await self.whereabouts.named(asked.address, asked.record)
        erasure = await self.erasures.begin(self._asked(named, asked, source))
        await self._suppress(named)
        person = await self.whereabouts.with_records(named)
        await self.erasures.with_records(erasure.id, sorted(person.refs.values()))
        await self._suppress(person)
        under_way = await self._let_go(person)
        await self._go_through(person, erasure.id)
        done = await self.erasures.done(erasure.id, self.now(), under_way)
        await self.audit.add(_entry(done))
        return done

    async def due(self, limit: int = 500) -> Sequence[Erasure]:
        """People who were erased a while ago, of whom late workers may have written since."""
        return await self.erasures.due(self.now(), limit)

    async def look_again(self, due: Erasure) -> None:
        """Erase that as well; two who do so at once do no harm. Somebody who was let back since then is left alone.

        It knows keys only, so that it looks things up, and reads no collection from end to end.
        """
        person = await self.whereabouts.again(due)
        now = await self.erasures.get(due.id)
        if now is None or now.lifted_at or due.again_at is None:
            return
        await self._suppress(person)
        await self._skip(person)
        await self._go_through(person, due.id)
        await self.erasures.settled(due.id, due.again_at)

    async def _suppress(self, person: Person) -> None:
        at = self.now()
        await self.suppressions.add([Suppression(key, SuppressionReason.ERASED, at) for key in sorted(person.keys)])

    def _asked(self, named: Person, asked: ErasureRequested, source: str) -> Erasure:
        at = self.now()
        return Erasure(
            id=named.id,
            asked_at=at,
            by=named.redacted(asked.confirmed_by),
            reason=named.redacted(asked.reason),
            source=source,
            records=frozenset(named.refs.values()),
            again_at=at + timedelta(seconds=self.again_s),
        )

    async def _go_through(self, person: Person, erasure_id: str) -> None:
        for each in self.traces:
            await self.erasures.add(erasure_id, {each.collection: await each.erase(person)})

    async def _let_go(self, person: Person) -> int:
        """Mails that may still go out after the receipt: batches that were begun before, and go on slowly."""
        waited_s = 0.0
        while (held := await self._skip(person)) and waited_s < self.patience_s:
            await self.sleep(_LOOK_S)
            waited_s += _LOOK_S
        return held

    async def _skip(self, person: Person) -> int:
        """Whoever holds a batch may be sending it: how its rows end is for them to say, who see the suppression.

        How many of those rows may be under way; what is deferred is looked at anew when its time comes.
        """
        rows = [row for row in await self.emails.of_people(person.keys) if _waits(row)]
        held = {place for place in {(row.campaign_id, row.slice) for row in rows} if await self._is_held(*place)}
        ends = [_skipped(row, self.now()) for row in rows if (row.campaign_id, row.slice) not in held]
        if ends:
            await self.emails.store(ends)
        now = self.now()
        return sum((row.campaign_id, row.slice) in held and (row.next_at is None or row.next_at <= now) for row in rows)

    async def _is_held(self, campaign_id: str, number: int) -> bool:
        found = await self.slices.holding(campaign_id, number)
        return found is not None and found.state in _HELD


def _waits(row: Email) -> bool:
    """One that may have arrived is not skipped: it ends in doubt, as its batch says."""
    return row.state in OPEN_STATES and row.resent_at is None


def _skipped(row: Email, at: datetime) -> Outcome:
    return Outcome(row.id, EmailState.SKIPPED, at, reason=SkipReason.ERASED, tried=False)


def _identity(text: str) -> str:
    found = address(text)
    if found is None:
        raise InvalidMessage("address: whom to erase is named by something that is no address")
    return found.identity


def _email(record: Record, module: Module | None) -> str | None:
    if module is None:
        return None
    found = last_email_of(record, module)
    return None if isinstance(found, SyncSkip) else found


def _entry(done: Erasure) -> AuditEntry:
    """The receipt, as the audit log keeps it; the first one of an erasure."""
    at = done.done_at or done.asked_at
    receipt = json.dumps(done.receipt())
    subject = f"contact:{done.id}"
    id_ = f"erasure {done.id} {done.asked_at.isoformat()}"
    return AuditEntry(id_, at, done.by, done.source, "erasure", subject, after=receipt, outcome=DONE)
