"""Where the rows of a file go: to a module's records, to a list, or to a campaign's recipients."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from cli import lookup
from cli.import_rows import BadRow, Made
from domain.imports import ImportJob, Joining, Person, RowReason
from handlers.list_import import ListImport
from handlers.picking import Picker
from handlers.selection import Selector
from messages.record_changed import RecordChanged
from messages.snapshot_finished import SnapshotFinished
from repositories.stores import Stores
from workers.outgoing import outgoing
from workers.publisher import Publisher
from workers.resources import now

M = TypeVar("M", RecordChanged, Person)

_PARTS = 32  #: in which records are told apart, so that only one part of them is in memory as a set

#: Said of people who don't join a list, by the reason.
_WHY = {
    RowReason.OPTED_OUT: "left earlier; an import brings nobody back",
    RowReason.SUPPRESSED: "bounced, complained or was erased; an import brings nobody back",
    RowReason.ROLE_ADDRESS: "belongs to a function, not to a person (CAMPAIGNS_ORGANISATION__SKIP_ROLE_ADDRESSES)",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a window of rows."""

    counts: Sequence[str]  #: one name per row that was taken
    refused: Sequence[BadRow] = ()


class Target(Protocol):
    async def take(self, window: Sequence[tuple[int, Made]]) -> Taken:
        """Take rows with their numbers. The same rows again change nothing."""

    async def finish(self, job: ImportJob) -> None:
        """All rows were taken."""


@dataclass(frozen=True, slots=True)
class Records:
    """Publishes record-changed events, and at the end that these were all, if they were."""

    publisher: Publisher
    snapshot: Callable[[], SnapshotFinished] | None  #: what there is to say at the end; None: nothing

    async def take(self, window: Sequence[tuple[int, Made]]) -> Taken:
        """Ids are made of record and time: a file that says when its rows changed repeats its events."""
        events = [event for _, event in _only(window, RecordChanged)]
        await self.publisher.publish([outgoing(event, id=event_id(event), time=now()) for event in events])
        return Taken(["published"] * len(events))

    async def finish(self, job: ImportJob) -> None:
        if self.snapshot is None:
            return
        whole = self.snapshot()
        id_ = f"{whole.module}:snapshot:{job.started_at.isoformat()}"
        await self.publisher.publish([outgoing(whole, id=id_, time=now())])


@dataclass(frozen=True, slots=True)
class List:
    """Puts people on a list, without a record behind them."""

    join: ListImport
    rule: Joining

    async def take(self, window: Sequence[tuple[int, Made]]) -> Taken:
        people = _only(window, Person)
        answers = await self.join([person for _, person in people], self.rule)
        refused = [
            BadRow(row, "email", _WHY[RowReason(answer)], RowReason(answer))
            for (row, _), answer in zip(people, answers, strict=True)
            if answer in _WHY
        ]
        return Taken([answer for answer in answers if answer not in _WHY], refused)

    async def finish(self, job: ImportJob) -> None:
        """Everybody is on it already."""


def whole(events: Iterable[RecordChanged], module: str, taken_at: datetime) -> SnapshotFinished:
    """That these were all records of the module: each counted once, as of the newest of them, at the latest `taken_at`.

    A record that was deleted since is here as far as that goes. Of each event 8 bytes are kept.
    """
    hashes, newest = array("q"), None
    for event in events:
        hashes.append(hash(event.record_id))
        newest = max(newest or event.changed_at, event.changed_at)
    count = sum(len({each for each in hashes if each % _PARTS == part}) for part in range(_PARTS))
    return SnapshotFinished(module=module, count=count, taken_at=min(newest or taken_at, taken_at))


def event_id(event: RecordChanged) -> str:
    return f"{event.module}:{event.record_id}:{event.changed_at.isoformat()}"


async def check_pick(stores: Stores, campaign_id: str, refs: Iterable[Sequence[str]], job_id: str) -> None:
    """Look before anything is published, or changed.

    Raises:
        UnknownCampaign, IllegalTransition: there is no such draft.
        InvalidDefinition: with them it would have more recipients than are allowed (R46, R47); nothing is cut.
    """
    await _picker(stores).check(await lookup.campaign(stores, campaign_id), refs, job_id)


async def pick(stores: Stores, campaign_id: str, refs: Iterable[Sequence[str]], job_id: str, *, author: str) -> None:
    """Add records to a draft's recipients, in the name of `author`. Those that are picked already stay."""
    await _picker(stores)(await lookup.campaign(stores, campaign_id), refs, job_id, author=author)


def _picker(stores: Stores) -> Picker:
    return Picker(stores.campaigns, Selector(stores.records, stores.selections))


def _only(window: Sequence[tuple[int, Made]], kind: type[M]) -> list[tuple[int, M]]:
    return [(number, made) for number, made in window if isinstance(made, kind)]
