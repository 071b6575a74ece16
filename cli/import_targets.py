"""Where the rows of a file go: to a module's records, to a list, or to a campaign's recipients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from cli import lookup
from cli.import_rows import BadRow, Made
from domain.campaign import CampaignStatus
from domain.errors import IllegalTransition, InvalidDefinition
from domain.imports import ImportJob, Joining, Person, RowReason
from domain.readiness import over_limits
from handlers.list_import import ListImport
from messages.record_changed import RecordChanged
from messages.snapshot_finished import SnapshotFinished
from repositories.stores import Stores
from workers.outgoing import outgoing
from workers.publisher import Publisher
from workers.resources import now

M = TypeVar("M", RecordChanged, Person)

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
    module: str
    snapshot: bool

    async def take(self, window: Sequence[tuple[int, Made]]) -> Taken:
        """Ids are made of record and time: a file that says when its rows changed repeats its events."""
        events = [event for _, event in _only(window, RecordChanged)]
        await self.publisher.publish([outgoing(event, id=event_id(event), time=now()) for event in events])
        return Taken(["published"] * len(events))

    async def finish(self, job: ImportJob) -> None:
        if not self.snapshot:
            return
        count = job.counts.get("published", 0)
        whole = SnapshotFinished(module=self.module, count=count, taken_at=job.started_at)
        id_ = f"{self.module}:snapshot:{job.started_at.isoformat()}"
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


def event_id(event: RecordChanged) -> str:
    return f"{event.module}:{event.record_id}:{event.changed_at.isoformat()}"


async def check_pick(stores: Stores, campaign_id: str, refs: Collection[str]) -> None:
    """Look before anything is written.

    Raises:
        UnknownCampaign, IllegalTransition: there is no such draft.
        InvalidDefinition: with them it would have more recipients than are allowed (R46, R47); nothing is cut.
    """
    found = await lookup.campaign(stores, campaign_id)
    if found.status is not CampaignStatus.DRAFT:
        raise IllegalTransition(
            f"campaign {campaign_id} is {found.status}; recipients are picked for a draft: "
            f"campaigns campaign reopen {campaign_id}"
        )
    counts = Counter(ref.partition(":")[0] for ref in {*found.recipients.refs, *refs})
    if problems := over_limits(counts):
        raise InvalidDefinition(f"campaign {campaign_id}: {'; '.join(problems)}")


async def pick(stores: Stores, campaign_id: str, refs: Iterable[str]) -> None:
    """Add records to a draft's recipients. Those that are picked already stay."""
    found = await lookup.campaign(stores, campaign_id)
    merged = tuple(dict.fromkeys((*found.recipients.refs, *refs)))
    if merged != found.recipients.refs:
        recipients = replace(found.recipients, refs=merged)
        await stores.campaigns.save(replace(found, recipients=recipients), expected={CampaignStatus.DRAFT})


def _only(window: Sequence[tuple[int, Made]], kind: type[M]) -> list[tuple[int, M]]:
    return [(number, made) for number, made in window if isinstance(made, kind)]
