"""Who comes to be on the list of a series enters it, once, or once each time where the series lets them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.series import Entry, Member, Series, entry_id
from handlers.ports.audience import ListMembers
from handlers.ports.clock import Clock
from handlers.ports.series import Entries

#: A membership is seen so much later than its time says at most: clocks differ, and a write takes its time.
OVERLAP = timedelta(minutes=15)
#: How often the whole list is gone through, for what was seen even later.
SWEEP_EVERY = timedelta(days=1)
#: Who joined so long ago, and comes in only now, begins now: their messages do not come all at once.
_FRESH = timedelta(days=1)
_MOST_KNOWN = 100_000  #: members of whom it is kept that they were looked at: those who joined lately are read again


@dataclass(slots=True)
class Reading:
    """How far this process has come in the list of one series. Lost with it: then the list is read anew."""

    newest: datetime | None = None  #: when the pass before this one began
    began: datetime | None = None  #: when this one did
    joined: AsyncIterator[Member] | None = None
    swept_at: datetime | None = None  #: when the whole list was last gone through
    after: str = ""  #: where in it the sweep is
    known: set[Member] = field(default_factory=set)
    revision: int | None = None  #: of the series that `known` were looked at for

    async def close(self) -> None:
        """Give the pass up: the next one begins where this one did."""
        joined, self.joined = self.joined, None
        if isinstance(joined, AsyncGenerator):
            await joined.aclose()

    def looked_for(self, revision: int) -> None:
        """A series that was changed may want those whom it did not want before: everybody is looked at again."""
        if self.revision not in {None, revision}:
            self.known.clear()
            self.swept_at, self.after = None, ""
        self.revision = revision


@dataclass(frozen=True, slots=True)
class Newcomers:
    members: ListMembers
    entries: Entries
    now: Clock
    at_once: int = 2000  #: members that one look reads

    async def __call__(self, series: Series, reading: Reading) -> bool:
        """Whether there is more to read at once."""
        reading.looked_for(series.revision)
        try:
            more = await self._passed(series, reading)
        except BaseException:
            await reading.close()
            raise
        return await self._swept(series, reading) or more

    async def _passed(self, series: Series, reading: Reading) -> bool:
        """Those who joined lately: every pass goes over the last minutes again."""
        if reading.joined is None:
            reading.began = self.now()
            since = (reading.newest or reading.began) - OVERLAP
            reading.joined = self.members.joined_since(series.list_id, since)
        page = await _page(reading.joined, self.at_once)
        await self._taken_in(series, page, reading)
        if len(page) == self.at_once:
            return True
        reading.joined, reading.newest = None, reading.began
        return False

    async def _swept(self, series: Series, reading: Reading) -> bool:
        if reading.swept_at is not None and self.now() - reading.swept_at < SWEEP_EVERY:
            return False
        page = await self.members.members_after(series.list_id, reading.after, self.at_once)
        await self._taken_in(series, page, reading)
        if len(page) == self.at_once:
            reading.after = page[-1].contact_id
            return True
        reading.after, reading.swept_at = "", self.now()
        return False

    async def _taken_in(self, series: Series, page: Sequence[Member], reading: Reading) -> None:
        news = [each for each in page if each not in reading.known and _may_enter(series, each)]
        last = await self.entries.latest(series.id, [each.contact_id for each in news]) if news else {}
        found = [self._entry(series, each, last.get(each.contact_id)) for each in news]
        await self.entries.enter([entry for entry in found if entry is not None])
        back = {each for each in news if _is_back(series, each, last.get(each.contact_id))}
        if back:  # what they had begun ends first: the next pass lets them in
            await self.entries.wake(series.id, [each.contact_id for each in back], self.now())
        if len(reading.known) > _MOST_KNOWN:
            reading.known.clear()
        reading.known.update(each for each in page if each not in back)

    def _entry(self, series: Series, member: Member, last: Entry | None) -> Entry | None:
        """The entry that this membership begins, if any."""
        if last is not None and not (series.reentry and last.ended and member.since > last.entered_at):
            return None
        number = last.number + 1 if last else 0
        return Entry(
            id=entry_id(series.id, member.contact_id, number),
            series_id=series.id,
            contact_id=member.contact_id,
            number=number,
            entered_at=self._entered_at(series, member),
            next_at=self.now(),
        )

    def _entered_at(self, series: Series, member: Member) -> datetime:
        now = self.now()
        return now if _was_there(series, member) or now - member.since > _FRESH else member.since


def _was_there(series: Series, member: Member) -> bool:
    return series.started_at is None or member.since < series.started_at


def _may_enter(series: Series, member: Member) -> bool:
    return series.existing_members or not _was_there(series, member)


def _is_back(series: Series, member: Member, last: Entry | None) -> bool:
    """Whether somebody left the list and joined it again before anybody noticed."""
    return series.reentry and last is not None and last.ended is None and member.since > last.entered_at


async def _page(members: AsyncIterator[Member], size: int) -> list[Member]:
    page: list[Member] = []
    async for member in members:
        page.append(member)
        if len(page) == size:
            break
    return page
