"""The beginning of a review: is everything there, who is picked, and from then on nothing changes (R54-R58, R65)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.campaign import DEFAULT_TOPIC, Campaign, CampaignStatus
from domain.errors import IllegalTransition, NotReady
from domain.organisation import Organisation
from domain.readiness import NO_SYNC, Facts, PickedModule, missing
from domain.slices import Run
from domain.sync import Sync
from domain.what_to_type import for_another, to_mend, to_send
from handlers.ports.audience import Lists, Topics
from handlers.ports.campaigns import Campaigns
from handlers.ports.clock import Clock
from handlers.ports.syncing import Runs, Syncs
from handlers.review_people import People

RECIPIENTS = "recipients"  #: first phase: those picked become contacts and members of the list
ELIGIBILITY = "eligibility"  #: second phase: everybody gets a row of the ledger


@dataclass(frozen=True, slots=True)
class ReviewStart:
    """Cuts a draft's recipients into slices and locks it."""

    campaigns: Campaigns
    runs: Runs
    lists: Lists
    topics: Topics
    syncs: Syncs
    people: People
    organisation: Organisation
    now: Clock

    async def __call__(
        self, draft: Campaign, *, include_existing_members: bool, confirmed_by: str = "", request: str = ""
    ) -> tuple[Campaign, Run]:
        """The locked campaign and its run.

        Raises:
            IllegalTransition: it is no draft; the text says what to type.
            NotReady: something is missing; the text names each with what to type.
            Conflict: somebody changed or locked it at the same time.
        """
        wanted = await self.check(draft, include_existing_members=include_existing_members)
        run = await self._run(wanted, confirmed_by, request)
        locked = replace(wanted.moved_to(CampaignStatus.SYNCING_RECIPIENTS, at=self.now()), review_run=run.id)
        return await self.campaigns.save(locked, expected={CampaignStatus.DRAFT}), run

    async def check(self, draft: Campaign, *, include_existing_members: bool) -> Campaign:
        """The campaign as it would be reviewed; nothing is stored.

        Raises:
            IllegalTransition, NotReady: as above.
        """
        _check_status(draft)
        asked = include_existing_members or draft.recipients.list_members
        if asked or not draft.recipients.empty:
            check_not_of_series(draft)
        wanted = replace(draft, include_existing_members=asked)
        if lacking := missing(wanted, await self.facts(wanted)):
            raise NotReady(f"campaign {draft.id} cannot be reviewed yet. It lacks " + "; and ".join(lacking))
        return wanted

    async def _run(self, draft: Campaign, confirmed_by: str, request: str) -> Run:
        """The run of this very draft: a repeat of the request finds it, any change of the draft begins another."""
        new = Run(
            id=f"{draft.id}-r{draft.revision}",
            subject=draft.id,
            phase=RECIPIENTS,
            ranges=tuple(await self.people.record_ranges(draft.recipients)),
            options={"confirmed_by": confirmed_by},
            started_at=self.now(),
            requests=frozenset({request} if request else ()),
        )
        await self.runs.create(new)
        return await self.runs.get(new.id) or new

    async def facts(self, draft: Campaign) -> Facts:
        """What decides whether it can be reviewed, beside itself."""
        return Facts(
            organisation=self.organisation,
            list_known=draft.list_id is not None and await self.lists.get(draft.list_id) is not None,
            topic_known=draft.topic == DEFAULT_TOPIC or await self.topics.get(draft.topic) is not None,
            picked=tuple(await self._picked(draft)),
        )

    async def _picked(self, draft: Campaign) -> list[PickedModule]:
        counts = await self.people.selector.at_most(draft.recipients)
        if draft.series is not None:
            counts = await self._filling(draft.list_id)
        syncs = await self.syncs.active(list(counts))
        return [await self._module(name, counts[name], [s for s in syncs if s.module == name]) for name in counts]

    async def _filling(self, list_id: str | None) -> dict[str, int]:
        """The modules whose records come to be on the list of a series: its people will have their fields (R65)."""
        return {sync.module: 0 for sync in await self.syncs.active() if list_id in sync.lists}

    async def _module(self, name: str, count: int, syncs: Sequence[Sync]) -> PickedModule:
        module = await self.people.modules.get(name)
        maps = [sync.field_map for sync in syncs] or ([module.default_map] if module else [])
        return PickedModule(
            name=name,
            module=module,
            count=count,
            filled=frozenset(ours for field_map in maps for ours in field_map.values()),
            sync=syncs[0].id if syncs else NO_SYNC,
        )


def check_not_of_series(campaign: Campaign) -> None:
    """
    Raises:
        NotReady: people are picked for a message of a series, which goes to whoever comes to it.
    """
    if campaign.series is not None:
        raise NotReady(
            f"campaign {campaign.id} is a message of series {campaign.series}, and is reviewed without recipients: "
            f"campaigns series review {campaign.series}"
        )


def _check_status(campaign: Campaign) -> None:
    if campaign.status is not CampaignStatus.DRAFT:
        why = f" ({campaign.status_reason})" if campaign.status_reason else ""
        raise IllegalTransition(
            f"campaign {campaign.id} is {campaign.status}{why} and cannot be sent for review; {_instead(campaign)}"
        )


def _instead(campaign: Campaign) -> str:
    if campaign.status is CampaignStatus.REVIEWED:
        return f"it can be sent: {to_send(campaign)}; or changed: {to_mend(campaign)}"
    if campaign.status is CampaignStatus.REJECTED:
        return f"mend it first: {to_mend(campaign)}"
    if campaign.status is CampaignStatus.SCHEDULED:
        return f"take it off the schedule first: campaigns campaign unschedule {campaign.id}"
    return f"only a draft can be: {for_another(campaign)}"
