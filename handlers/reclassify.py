"""Gives verdicts again after the rules of classification have changed (X6), a page of emails at a time.

Order: what suppresses or frees people, the rows, the events. An event keeps its old verdict until all else is done, so
that a run that was killed does the rest when it is repeated, and a repeat of a whole one changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from domain.eligibility import SuppressionReason
from domain.email import Email
from domain.events import StoredEvent
from domain.lists import Suppression
from domain.reclassification import (
    Flip,
    by_events,
    by_reply,
    explained,
    overruled,
    refused_dead,
    reported_dead,
    row_after,
    signs,
)
from domain.strikes import escalated
from handlers.dry_verdicts import DryStrikes, DrySuppressions
from handlers.paged import paged
from handlers.ports.clock import Clock
from handlers.ports.ledger import Emails
from handlers.ports.responses import Events, Suppressions
from handlers.strike_book import StrikeBook

_ESCALATED = "D10:"  #: how the evidence of a suppression begins that strikes came to


@dataclass(frozen=True, slots=True)
class Page:
    """What was found in some hundred emails, and done unless it was a dry run."""

    emails: int  #: looked at
    flips: Sequence[Flip] = ()
    #: Emails whose row tells more than their stored events, or changed under way: one is just being recorded. Another
    #: run finds them.
    moving: int = 0
    condemned: Sequence[Suppression] = ()  #: new ones
    freed: Sequence[Suppression] = ()  #: taken back
    held: int = 0  #: suppressions that stay although their verdict flipped: something else holds them

    @property
    def suppressed(self) -> int:
        return len(self.condemned)

    @property
    def lifted(self) -> int:
        return len(self.freed)


@dataclass(frozen=True, slots=True)
class _Case:
    row: Email
    flips: Sequence[Flip]
    events: Sequence[StoredEvent]


Flips: TypeAlias = Callable[[Email, Sequence[StoredEvent]], Sequence[Flip]]


@dataclass(frozen=True, slots=True)
class Reclassifier:
    emails: Emails
    events: Events
    suppressions: Suppressions
    strikes: StrikeBook
    now: Clock
    page_size: int = 500  #: emails
    is_dry: bool = False

    async def __call__(
        self, campaign_id: str, *, since: datetime | None = None, dry_run: bool = False
    ) -> AsyncIterator[Page]:
        """Goes through one campaign; nothing is written until the next page is asked for.

        With `since`, only what was heard from then on. A dry run tells what would come of it, suppressions included.
        """
        judge = self.dry() if dry_run else self
        async for rows in paged(self.emails.judged(campaign_id, since), self.page_size):
            yield await judge._page(rows, _by_relay)
        async for ids in paged(self.events.bounced(campaign_id, since), self.page_size):
            yield await judge._page(await self.emails.load(ids), _by_reports)

    def dry(self) -> Reclassifier:
        """The same, of which nothing is stored. What it finds in one campaign counts in the next, as it would."""
        if self.is_dry:
            return self
        book = StrikeBook(DryStrikes(self.strikes.strikes), self.strikes.emails)
        return replace(self, suppressions=DrySuppressions(self.suppressions), strikes=book, is_dry=True)

    async def _page(self, rows: Sequence[Email], flips: Flips) -> Page:
        told: dict[str, list[StoredEvent]] = defaultdict(list)
        for event in await self.events.of_emails([row.id for row in rows]):
            told[event.email_id].append(event)
        found = {row.id: flips(row, told[row.id]) for row in rows}
        flipped = [row for row in rows if found[row.id]]
        sure = [_Case(row, found[row.id], told[row.id]) for row in flipped if explained(row, told[row.id])]
        page = Page(len(rows), [flip for case in sure for flip in case.flips], moving=len(flipped) - len(sure))
        return await self._done(page, sure) if sure else page

    async def _done(self, page: Page, cases: Sequence[_Case]) -> Page:
        at = self.now()
        struck = await self.strikes.told([sign for case in cases for sign in signs(case.flips, case.events)])
        condemned = await self._suppress([*(_suppression(flip) for flip in page.flips if flip.condemns), *struck])
        flipped = [flip for flip in page.flips if not flip.now.dead]
        freed, held = await self._lift(flipped, at) if flipped else ([], 0)
        page = replace(page, condemned=condemned, freed=freed, held=held)
        return page if self.is_dry else await self._stored(page, cases, at)

    async def _stored(self, page: Page, cases: Sequence[_Case], at: datetime) -> Page:
        moved = await self.emails.rejudge([row_after(case.row, case.flips, case.events, at) for case in cases])
        flips = [flip for flip in page.flips if flip.email_id not in moved]
        await self.events.overrule(overruled(flips, at))
        return replace(page, flips=flips, moving=page.moving + len(moved))

    async def _suppress(self, dead: Sequence[Suppression]) -> Sequence[Suppression]:
        """Those who were not."""
        if not dead:
            return ()
        known = await self.suppressions.of({each.contact_id for each in dead})
        await self.suppressions.add(dead)
        first = {each.contact_id: each for each in reversed(dead)}
        return [each for key, each in first.items() if SuppressionReason.HARD_BOUNCED not in known.get(key, ())]

    async def _lift(self, flips: Sequence[Flip], at: datetime) -> tuple[Sequence[Suppression], int]:
        """The suppressions that were taken back, and how many something else holds."""
        of_contact: dict[str, list[Flip]] = defaultdict(list)
        for flip in flips:
            of_contact[flip.contact_id].append(flip)
        suppressed = await self.suppressions.of(of_contact)
        hard = [key for key, reasons in suppressed.items() if SuppressionReason.HARD_BOUNCED in reasons]
        entries = {key: _hard(await self.suppressions.details(key)) for key in hard}
        ours = {key: entry for key, entry in entries.items() if entry and _came_from(entry, of_contact[key])}
        dead = await self._dead(ours) if ours else frozenset()
        lifted: list[str] = []
        for key, entry in ours.items():
            why = f"reclassified: {of_contact[key][0].now.rule}"
            if key not in dead and await self.suppressions.lift(entry, at=at, because=why):
                lifted.append(key)
        # A bounce that was told meanwhile found the suppression there and added none; its event was stored before.
        again = await self._dead(lifted) if lifted else frozenset()
        if again:
            await self.suppressions.add([ours[key] for key in sorted(again)])
        return [ours[key] for key in lifted if key not in again], len(dead) + len(again)

    async def _dead(self, contacts: Collection[str]) -> frozenset[str]:
        """Those of them against whom anything else speaks, by the rules of now."""
        records = (await self.strikes.strikes.load(contacts)).values()
        rows = await self.emails.of_people(contacts)
        heard = await self.events.of_emails([row.id for row in rows])
        return frozenset(
            [
                *(record.contact_id for record in records if escalated(record)),
                *(row.contact_id for row in rows if refused_dead(row)),
                *(event.email_id.split(":")[1] for event in heard if reported_dead(event)),
            ]
        )


def _by_relay(row: Email, events: Sequence[StoredEvent]) -> Sequence[Flip]:
    found = by_reply(row)
    return [found] if found else []


def _by_reports(row: Email, events: Sequence[StoredEvent]) -> Sequence[Flip]:
    return by_events(events)


def _hard(details: Sequence[Suppression]) -> Suppression | None:
    return next((each for each in details if each.reason is SuppressionReason.HARD_BOUNCED), None)


def _came_from(entry: Suppression, flips: Sequence[Flip]) -> bool:
    """Whether a verdict that flipped is what suppressed the address: not a person, not an import, not another email."""
    if entry.evidence.startswith(_ESCALATED):
        return any(flip.pardons for flip in flips)  # whether the strikes that are left come to it is asked next
    return any(entry.at == flip.at and entry.evidence.startswith(f"campaign {flip.campaign_id}:") for flip in flips)


def _suppression(flip: Flip) -> Suppression:
    code = f"{flip.code} " if flip.code else ""
    evidence = f"campaign {flip.campaign_id}: {code}{flip.now.rule} (reclassified)"
    return Suppression(flip.contact_id, SuppressionReason.HARD_BOUNCED, flip.at, evidence)
