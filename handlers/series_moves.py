"""What people do with a series on its way: start, pause, resume, stop, cancel (R78).

Each may be told twice. A crash in the middle is mended by telling it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from domain.campaign import Campaign, CampaignStatus
from domain.errors import Changed, IllegalTransition, NotReady, UnknownSeries
from domain.series import ENDED, GOES_ON, EntryEnd, Series, SeriesStatus
from domain.series_child import paused_with
from domain.series_next import UNDER_REVIEW
from handlers.ports.audience import Lists
from handlers.ports.clock import Clock
from handlers.ports.series import Entries, SeriesStore
from handlers.series_messages import Children
from messages.base import Message

_S = SeriesStatus
_C = CampaignStatus


@dataclass(frozen=True, slots=True)
class SeriesMoves:
    """Every method raises UnknownSeries, IllegalTransition (the text says what to type), or Conflict."""

    series: SeriesStore
    entries: Entries
    lists: Lists
    children: Children
    sendable: Callable[[Campaign], None]  #: raises NotReady or Changed: what keeps a reviewed campaign from being sent
    now: Clock

    async def start(self, series_id: str) -> Series:
        """The series, running; whoever keeps it lets people in, and has its messages sent.

        Raises:
            NotReady: a message is not reviewed, or the list is not there; names each with what to type.
        """
        series = await self.stored(series_id)
        if series.status is _S.RUNNING:
            return series
        if series.status is not _S.DRAFT:
            raise IllegalTransition(
                f"series {series_id} is {series.status}; {_INSTEAD[series.status].format(series_id)}"
            )
        await self.check(series)
        return await self.series.save(series.moved_to(_S.RUNNING, at=self.now()), expected={_S.DRAFT})

    async def check(self, series: Series) -> None:
        """
        Raises:
            NotReady: as above.
        """
        lacks = list(self._lacks(series, await self.children.of(series)))
        if await self.lists.get(series.list_id) is None:
            lacks.append(f"list {series.list_id}, which is not there: campaigns list create {series.list_id}")
        if lacks:
            raise NotReady(f"series {series.id} cannot start yet, it lacks:\n  " + "\n  ".join(lacks))

    async def reviewable(self, series_id: str) -> Mapping[str, Campaign]:
        """Its messages that are drafts or under review, by key; those that were rejected are drafts again."""
        series = await self.stored(series_id)
        found = dict(await self.children.of(series))
        for key, child in found.items():
            if child.status is _C.REJECTED:
                found[key] = await self.children.moves.reopen(child.id)
        return {key: child for key, child in found.items() if child.status in {_C.DRAFT, *UNDER_REVIEW}}

    async def pause(self, series_id: str, reason: str) -> Series:
        """The series, paused with all of its messages. Workers look every second; what they sent until then counts."""
        series = await self._moved(series_id, _S.PAUSED, reason)
        await self.children.pause_all(series)
        return series

    async def resume(self, series_id: str) -> tuple[Series, Sequence[Message]]:
        """The series, running, and the batches with which its messages go on.

        A message that was paused by itself stays so: a breaker stopped it, or somebody.
        """
        series = await self._moved(series_id, _S.RUNNING, only_from=_S.PAUSED)
        messages: list[Message] = []
        for child in (await self.children.of(series)).values():
            if child.status is _C.PAUSED and child.status_reason == paused_with(series.id):
                messages += await self.children.moves.resume(child.id)
        await self.entries.wake_all(series.id, self.now())
        return series, messages

    async def stop(self, series_id: str, reason: str) -> bool:
        """End it for good: nobody gets anything more of it; see `settle` for the answer."""
        series = await self.stored(series_id)
        if series.status is _S.DRAFT:
            raise IllegalTransition(
                f"series {series_id} is draft, and was never started; give it up: campaigns series cancel {series_id}"
            )
        await self._moved(series_id, _S.STOPPED, reason)
        return await self.settle(series_id)

    async def cancel(self, series_id: str, reason: str) -> bool:
        """Give a draft up for good, and its messages with it; see `settle` for the answer."""
        series = await self.stored(series_id)
        if series.status in GOES_ON:
            raise IllegalTransition(
                f"series {series_id} is {series.status}; end it for good: campaigns series stop {series_id}"
            )
        await self._moved(series_id, _S.CANCELLED, reason, only_from=_S.DRAFT)
        return await self.settle(series_id)

    async def settle(self, series_id: str) -> bool:
        """End what is left of a series that was ended; False while workers still hold part of it. Call again."""
        series = await self.stored(series_id)
        if series.status not in ENDED:
            return True
        await self.entries.end_all(series.id, EntryEnd.STOPPED, self.now())
        await self.children.end_taken_out(series)
        return await self.children.end_all(series)

    async def stored(self, series_id: str) -> Series:
        found = await self.series.get(series_id)
        if found is None:
            raise UnknownSeries(f"there is no series {series_id}; `campaigns series list` shows all")
        return found

    async def _moved(
        self, series_id: str, status: SeriesStatus, reason: str | None = None, *, only_from: SeriesStatus | None = None
    ) -> Series:
        series = await self.stored(series_id)
        if series.status is status:
            return series
        if only_from is not None and series.status is not only_from:
            raise IllegalTransition(
                f"series {series_id} is {series.status}; {_INSTEAD[series.status].format(series_id)}"
            )
        return await self.series.save(series.moved_to(status, reason, at=self.now()), expected={series.status})

    def _lacks(self, series: Series, children: Mapping[str, Campaign]) -> Iterator[str]:
        for step in series.steps:
            child = children.get(step.key)
            if child is None:
                yield f"message {step.key}, which is not stored: campaigns series apply FILE"
            elif reason := self._lack(series, child):
                yield f"message {step.key}: {reason}"

    def _lack(self, series: Series, child: Campaign) -> str | None:
        if child.status in UNDER_REVIEW:
            return f"its review is under way ({child.status}): campaigns campaign show {child.id}"
        if child.status is _C.REJECTED:
            return f"its review rejected it ({child.status_reason}): mend it, then campaigns series review {series.id}"
        if child.status is not _C.REVIEWED:
            return f"it is {child.status}: campaigns series review {series.id}"
        try:
            self.sendable(child)
        except (NotReady, Changed, IllegalTransition) as error:
            return str(error)
        return None


_INSTEAD = {
    _S.DRAFT: "start it: campaigns series start {}",
    _S.RUNNING: "it runs already: campaigns series show {}",
    _S.PAUSED: "go on with it: campaigns series resume {}",
    _S.CANCELLED: "it never goes on; make another one: campaigns series export {} --to FILE",
    _S.STOPPED: "it never goes on; make another one: campaigns series export {} --to FILE",
    _S.OFFLINE: "it never goes on; make another one: campaigns series export {} --to FILE",
}
