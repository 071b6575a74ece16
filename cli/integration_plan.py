"""What will happen when the CRM is left: looked at, nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from cli.output import counted, table
from domain.campaign import UNDER_REVIEW, Campaign, CampaignStatus
from domain.integration import Integration, IntegrationChange
from domain.sync import Sync, SyncStatus
from domain.take_up import UNSENT
from repositories.stores import Stores
from workers.sync_requested import sync_remover

_S = CampaignStatus
_MAY_BE_UNDER_WAY = frozenset({_S.SENDING, _S.PAUSED, _S.STOPPED, _S.CANCELLED})
_NAMED = 10  #: campaigns that are named of each status


@dataclass(frozen=True, slots=True)
class Sending:
    """A campaign whose mails are under way, or wait for their time."""

    campaign: str
    batches: int  #: that workers hold; they let go of them within seconds
    mails: int  #: not sent yet; they are skipped


@dataclass(frozen=True, slots=True)
class SyncFate:
    sync: str
    name: str
    module: str
    lists: Sequence[str]
    status: str
    becomes: str
    memberships: int  #: of lists, that end


@dataclass(frozen=True, slots=True)
class Plan:
    change: IntegrationChange
    state: str  #: now
    campaigns: Mapping[str, Sequence[str]]  #: that go offline: ids by status
    unsent: int  #: of them, those that can be taken up here
    under_way: Sequence[Sending]
    series: Sequence[str]  #: that go offline
    syncs: Sequence[SyncFate]
    runs: Sequence[str]  #: that are open, and end


async def plan_of(stores: Stores, known: Integration, change: IntegrationChange) -> Plan:
    """From one way of having left to the other no campaign goes offline again."""
    live = [one for one in await stores.campaigns.all() if one.status is not _S.OFFLINE] if known.active else []
    series = [one.id for one in await stores.series.all() if one.status != "offline"] if known.active else []
    syncs = await stores.syncs.all()
    return Plan(
        change=change,
        state=known.state,
        campaigns={status: ids for status in _S if (ids := [one.id for one in live if one.status is status])},
        unsent=sum(one.status in UNSENT for one in live),
        under_way=[found for one in live if (found := await _sending(stores, one)) is not None],
        series=series,
        syncs=[await _fate(stores, each, change) for each in syncs],
        runs=[*(one.review_run or one.id for one in live if one.status in UNDER_REVIEW), *await _runs(stores, syncs)],
    )


async def _sending(stores: Stores, campaign: Campaign) -> Sending | None:
    if campaign.status not in _MAY_BE_UNDER_WAY:
        return None
    held = len(await stores.slices.held(campaign.id))
    books = await stores.emails.books(campaign.id, campaign.report.selected if campaign.report else 0)
    return Sending(campaign.id, held, books.open) if held or books.open else None


async def _fate(stores: Stores, sync: Sync, change: IntegrationChange) -> SyncFate:
    disabled = change is IntegrationChange.DISABLE
    counts = await sync_remover(stores).preview(sync) if disabled else {}
    rests = SyncStatus.PAUSED if sync.status is SyncStatus.ACTIVE else sync.status
    return SyncFate(
        sync=sync.id,
        name=sync.name,
        module=sync.module,
        lists=sync.lists,
        status=sync.status,
        becomes="deleted for good" if disabled else rests,
        memberships=sum(count for name, count in counts.items() if name.startswith("left.")),
    )


async def _runs(stores: Stores, syncs: Sequence[Sync]) -> Sequence[str]:
    found = [await stores.sync_runs.holder({f"sync:{sync.id}"}) for sync in syncs]
    return [run.id for run in found if run is not None]


def view(plan: Plan) -> RenderableType:
    return Group(*_parts(plan))


def _parts(plan: Plan) -> Iterator[RenderableType]:
    yield Text(f"To {plan.change} the integration, which is {plan.state}, means:", style="bold")
    if plan.campaigns:
        rows = [(status, len(ids), _some(ids)) for status, ids in plan.campaigns.items()]
        yield table("Campaigns that become offline, for good", ("status", "number", "which"), rows)
        yield Text(f"{counted(plan.unsent, 'unsent one')} can be taken up here: `campaigns campaign take-up`.\n")
    if plan.under_way:
        sending = [(one.campaign, one.batches, one.mails) for one in plan.under_way]
        yield table("Mails under way", ("campaign", "batches on the wire", "mails that are not sent"), sending)
    if plan.series:
        yield Text(f"Series that become offline: {', '.join(plan.series)}.\n")
    if plan.syncs:
        rows_ = [
            (one.sync, one.name, one.module, ", ".join(one.lists), one.becomes, one.memberships) for one in plan.syncs
        ]
        yield table("Syncs", ("sync", "name", "module", "lists", "becomes", "memberships that end"), rows_)
    if plan.runs:
        yield Text(f"Runs that end: {', '.join(plan.runs)}.\n")
    if not (plan.campaigns or plan.series or plan.syncs):
        yield Text("Nothing is there that would change.")


def _some(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _NAMED:,} more" if len(ids) > _NAMED else ""
    return ", ".join(ids[:_NAMED]) + more
