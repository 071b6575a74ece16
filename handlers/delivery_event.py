"""What happens when something is heard of emails after they were sent: one write for a whole window."""

from __future__ import annotations

from asyncio import gather
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC

from domain.contact import Contact, OptOut, address, contact_id
from domain.eligibility import SuppressionReason, erased_of
from domain.email import EmailEvent, EmailState, Mark, ServiceStatus, email_id, email_of_message_id, is_nobodys
from domain.erasure import GONE, event_key, impersonal
from domain.errors import Conflict, UnknownEmail
from domain.events import StoredEvent
from domain.lists import Suppression
from domain.ruling import Ruling, ruling_on
from domain.strikes import Sign, SignKind, strikes
from handlers.ports.audience import Contacts
from handlers.ports.campaigns import OfflineCampaigns
from handlers.ports.ledger import Emails
from handlers.ports.responses import Events, Suppressions
from handlers.series_waker import SeriesWaker
from handlers.side_by_side import side_by_side
from handlers.strike_book import StrikeBook
from messages.base import Message
from messages.delivery_event import DeliveryEvent, EventType, Evidence

_ROUNDS = 5  #: tries to save a contact that others change at the same time

_SERVICE: Mapping[EventType, ServiceStatus] = {
    EventType.ACCEPTED: ServiceStatus.ACCEPTED,
    EventType.DELIVERED: ServiceStatus.DELIVERED,
    EventType.OPENED: ServiceStatus.OPENED,
    EventType.CLICKED: ServiceStatus.CLICKED,
    EventType.REPLIED: ServiceStatus.REPLIED,
}
_MARKS: Mapping[EventType, Mark] = {
    EventType.BOUNCED: Mark.BOUNCED,
    EventType.COMPLAINED: Mark.COMPLAINED,
    EventType.UNSUBSCRIBED: Mark.UNSUBSCRIBED,
    EventType.AUTOREPLY: Mark.AUTOREPLIED,
}
#: The same, when it was no person.
_MACHINE_MARKS: Mapping[EventType, Mark] = {
    EventType.OPENED: Mark.MACHINE_OPENED,
    EventType.CLICKED: Mark.MACHINE_CLICKED,
}
#: Somebody reads there.
_ALIVE = frozenset({EventType.OPENED, EventType.CLICKED, EventType.REPLIED})
#: What messages of a series wait for, and what ends it.
_SERIES_MOVES = frozenset(
    {
        EventType.OPENED,
        EventType.CLICKED,
        EventType.REPLIED,
        EventType.BOUNCED,
        EventType.COMPLAINED,
        EventType.UNSUBSCRIBED,
    }
)
#: These say that the mail did not arrive, or not yet. Every other one proves that it was sent.
_NO_PROOF_OF_SENDING = frozenset({EventType.BOUNCED, EventType.DEFERRED})


@dataclass(frozen=True, slots=True)
class DeliveryRecorder:
    """Applies a window of events to the ledger, in whatever order and however often they came.

    The row is written first, then the event, then what follows from it: a repeat after a crash finds what was done, and
    does the rest.
    """

    emails: Emails
    events: Events
    suppressions: Suppressions
    contacts: Contacts
    strikes: StrikeBook
    address_key: bytes
    campaigns: OfflineCampaigns
    series: SeriesWaker | None = None  #: None: nobody waits for what people do

    async def __call__(self, events: Sequence[DeliveryEvent]) -> Sequence[Message]:
        """What is told of a campaign that is offline is kept, and changes nothing of it (R102); people who leave, and
        addresses that are dead, count as ever.

        Raises:
            UnknownEmail: events name emails that are in no ledger; the others of the window may be applied.
            Conflict: others kept changing the same contacts first.
        """
        named = await self._in_series([(self._email(event), event) for event in events])
        told = sorted(((email, event) for email, event in named if not is_nobodys(email)), key=_by_time)
        if not told:
            return []
        ids = {id_ for _, event in told for id_ in (event.event_id, self._key(event))}
        stored, offline, erased = await gather(
            self.events.known(ids), self.campaigns.offline({_campaign(email) for email, _ in told}), self._erased(told)
        )
        # A stored event stands in its row. What follows from it is done again: nobody knows whether it was.
        fresh = [(email, event) for email, event in told if stored.isdisjoint({event.event_id, self._key(event)})]
        reaching = [(email, event) for email, event in fresh if _campaign(email) not in offline]
        unknown = await self.emails.apply([_applied(email, event) for email, event in reaching])
        unknown |= await self._strangers({email for email, _ in fresh if _campaign(email) in offline})
        if unknown:
            raise UnknownEmail(f"in no ledger: {', '.join(sorted(unknown)[:5])}")
        leaving = {_contact(email): (email, event) for email, event in reversed(told) if _leaves(event)}
        # Before what follows from them: who takes a suppression back (reclassify.py) sees what would have added it.
        await self.events.add([self._kept(email, event, erased) for email, event in fresh])
        known = [(email, event) for email, event in told if _contact(email) not in erased]
        await side_by_side(self._suppress(told, known), self._opt_out(leaving))
        if self.series:  # last: whoever looks then sees all of it
            await self.series([email for email, event in told if _moves_series(event)])
        return []

    async def _erased(self, told: Sequence[tuple[str, DeliveryEvent]]) -> frozenset[str]:
        """Whose data was erased: what is told of them changes numbers, and its words are not kept."""
        return erased_of(await self.suppressions.of({_contact(email) for email, _ in told}))

    def _key(self, event: DeliveryEvent) -> str:
        """By which it is known once its person is erased."""
        return event_key(event.event_id, self.address_key)

    def _kept(self, email: str, event: DeliveryEvent, erased: frozenset[str]) -> StoredEvent:
        stored = _stored(email, event)
        if _contact(email) not in erased:
            return stored
        url = GONE if stored.url else stored.url
        return replace(stored, id=self._key(event), evidence=impersonal(stored.evidence), url=url, user_agent=None)

    def _email(self, event: DeliveryEvent) -> str:
        """The id of the email that an event means."""
        if event.email_id:
            return event.email_id
        found = email_of_message_id(event.message_id or "")
        if found is None and event.campaign_id and (person := address(event.address or "")):
            found = email_id(event.campaign_id, contact_id(person.identity, self.address_key))
        if found is None:
            raise UnknownEmail(f"event {event.event_id}: neither Message-ID nor address is one of ours")
        return found

    async def _in_series(self, named: Sequence[tuple[str, DeliveryEvent]]) -> Sequence[tuple[str, DeliveryEvent]]:
        """Campaign and address do not say which time: of a message of a series the last one is meant."""
        guessed = {email for email, event in named if _is_guessed(event)}
        last = await self.series.last_sent(guessed, self.emails) if self.series and guessed else {}
        return [(last.get(email, email) if _is_guessed(event) else email, event) for email, event in named]

    async def _strangers(self, email_ids: Collection[str]) -> frozenset[str]:
        """Those of these that are in no ledger."""
        known = {row.id for row in await self.emails.load(email_ids)} if email_ids else set()
        return frozenset(email_ids) - known

    async def _suppress(
        self, told: Sequence[tuple[str, DeliveryEvent]], known: Sequence[tuple[str, DeliveryEvent]]
    ) -> None:
        found = [_suppression(email, event) for email, event in told]
        struck = await self.strikes.told([sign for email, event in known for sign in _signs(email, event)])
        if suppressions := [*(each for each in found if each is not None), *struck]:
            await self.suppressions.add(suppressions)

    async def _opt_out(self, leaving: Mapping[str, tuple[str, DeliveryEvent]]) -> None:
        """Keep the people's own word with the people; `leaving` has the first one of each contact."""
        open_ids = frozenset(leaving)
        for _ in range(_ROUNDS):
            contacts = await self.contacts.load(open_ids) if open_ids else {}
            changed = [_opted_out(contact, *leaving[key]) for key, contact in contacts.items()]
            wanted = [after for after in changed if after != contacts[after.id]]
            open_ids = await self.contacts.save(wanted) if wanted else frozenset()
            if not open_ids:
                return
        raise Conflict(f"{len(open_ids)} contacts kept changing while they were opted out")


def _is_guessed(event: DeliveryEvent) -> bool:
    """Whether it names its email by campaign and address alone."""
    return not event.email_id and email_of_message_id(event.message_id or "") is None


def _by_time(told: tuple[str, DeliveryEvent]) -> tuple[object, ...]:
    email, event = told
    return event.occurred_at, email, event.event_id


def _leaves(event: DeliveryEvent) -> bool:
    return event.event is EventType.UNSUBSCRIBED


def _moves_series(event: DeliveryEvent) -> bool:
    """Whether somebody's way through a series may go on, or end, by it."""
    return not event.by_machine and event.event in _SERIES_MOVES


def _contact(email: str) -> str:
    return email.split(":")[1] if email.count(":") == 2 else ""


def _campaign(email: str) -> str:
    return email.partition(":")[0]


def _applied(email: str, event: DeliveryEvent) -> EmailEvent:
    return EmailEvent(
        email,
        event.occurred_at.astimezone(UTC),
        service=None if event.by_machine else _SERVICE.get(event.event),
        mark=(_MACHINE_MARKS if event.by_machine else _MARKS).get(event.event),
        proves=_proof(event),
        reason=_reason(event),
    )


def _proof(event: DeliveryEvent) -> EmailState | None:
    """What became of the mail, as far as this event proves it."""
    if event.event not in _NO_PROOF_OF_SENDING:
        return EmailState.SENT
    if event.event is EventType.DEFERRED:
        return None
    return _ruling(event.evidence).state


def _reason(event: DeliveryEvent) -> str | None:
    """Why the mail did not arrive, as far as a bounce says it."""
    return _ruling(event.evidence).reason if event.event is EventType.BOUNCED else None


def _ruling(evidence: Evidence | None) -> Ruling:
    return ruling_on(evidence.model_dump(exclude_none=True, exclude={"raw"}) if evidence else None)


def _suppression(email: str, event: DeliveryEvent) -> Suppression | None:
    """Why the address is not mailed again (D13): only its owner's word, or proof that it is dead."""
    reasons = {
        EventType.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBED,
        EventType.COMPLAINED: SuppressionReason.COMPLAINED,
        EventType.BOUNCED: SuppressionReason.HARD_BOUNCED if _ruling(event.evidence).dead else None,
    }
    reason = reasons.get(event.event)
    if reason is None:
        return None
    return Suppression(_contact(email), reason, event.occurred_at.astimezone(UTC), _evidence(email, event))


def _signs(email: str, event: DeliveryEvent) -> Sequence[Sign]:
    """What the event says of the address (D10)."""
    at = event.occurred_at.astimezone(UTC)
    if event.event in _ALIVE and not event.by_machine:
        return [Sign(_contact(email), email, SignKind.ALIVE, at)]
    if event.event is not EventType.BOUNCED:
        return []
    returned = Sign(_contact(email), email, SignKind.RETURNED, at)
    if strikes(_proof(event) or EmailState.SENT, _reason(event)):
        return [returned, Sign(_contact(email), email, SignKind.STRUCK, at)]
    return [returned]


def _evidence(email: str, event: DeliveryEvent) -> str:
    """Where the word came from; without the text, which may hold addresses."""
    proof = event.evidence
    parts = [proof.code, proof.enhanced, proof.source] if proof else []
    return " ".join([f"campaign {_campaign(email)}: {event.event}", *(str(part) for part in parts if part)])


def _opted_out(contact: Contact, email: str, event: DeliveryEvent) -> Contact:
    """The contact with the earliest word to leave."""
    said = OptOut(event.occurred_at.astimezone(UTC), f"unsubscribe:{_campaign(email)}")
    known = contact.opt_out
    if known is not None and (known.at, known.source) <= (said.at, said.source):
        return contact
    return replace(contact, opt_out=said)


def _stored(email: str, event: DeliveryEvent) -> StoredEvent:
    evidence = event.evidence.model_dump(exclude_none=True) if event.evidence else None
    at = event.occurred_at.astimezone(UTC)
    found = _ruling(event.evidence) if event.event is EventType.BOUNCED else None
    return StoredEvent(
        event.event_id, email, event.event, at, evidence, event.url, event.user_agent, event.by_machine, found
    )
