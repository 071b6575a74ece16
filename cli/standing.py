"""What keeps a campaign from going on, or soon may: breakers (D11), warm-up; and what to do about it (R103)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rich.console import RenderableType

from cli.output import shown, table
from config.settings import Settings
from domain.breakers import RESUMES_AFTER, Rule, resumes, tripped
from domain.campaign import Campaign, CampaignStatus
from domain.what_to_type import to_resume, to_stop
from repositories.stores import Stores
from workers.options import pacing
from workers.resources import now

_ADVICE: Mapping[Rule, str] = {
    Rule.HARD_BOUNCES: "Old or bought addresses? The reasons are in `campaigns campaign summary {id}`.",
    Rule.COMPLAINTS: "People did not expect this mail: look at the list and the topic before you go on.",
    Rule.SENDER_FAULTS: "Servers refuse us, not the people: the reasons are in `campaigns campaign summary {id}`.",
}


@dataclass(frozen=True, slots=True)
class Standing:
    warning: str | None = None  #: harm that does not stop it yet
    waits_until: datetime | None = None  #: its sending domain has used up its day of warm-up


async def standing(stores: Stores, settings: Settings, campaign: Campaign) -> Standing:
    """How a campaign that is being sent stands; nothing to say of any other."""
    if campaign.status is not CampaignStatus.SENDING:
        return Standing()
    harm = await stores.emails.harm(campaign.id)
    found = tripped(replace(harm, tried=await stores.emails.tried(campaign.id)), campaign.trip)
    caps = pacing(settings).warm_up_caps
    wait_s = await stores.throttles.day_over(campaign.sender.domain, caps) if caps else 0
    return Standing(found.reason if found else None, now() + timedelta(seconds=wait_s) if wait_s else None)


def notes(campaign: Campaign, found: Standing) -> list[RenderableType]:
    """A table of what there is to say, with what to do; none when all is well."""
    rows = [*_trip(campaign), *_now(campaign, found)]
    return [table(f"How {campaign.id} stands", ("what", "what to do"), rows)] if rows else []


def _trip(campaign: Campaign) -> Sequence[tuple[str, str]]:
    trip = campaign.trip
    if trip is None:
        return []
    advice = _ADVICE[trip.rule].format(id=campaign.id)
    if campaign.status is CampaignStatus.PAUSED and campaign.status_at == trip.at:
        return [(campaign.status_reason or "", f"{advice} {_onwards(campaign)}")]
    if campaign.status is CampaignStatus.CANCELLED and trip.number > 1:
        return [(campaign.status_reason or "", advice)]
    before = f"stopped by the breaker {trip.rule} on {shown(trip.at)} UTC"
    return [(before, f"A second time cancels it. {advice}")]


def _onwards(campaign: Campaign) -> str:
    """How it goes on."""
    by_hand = f"Then: `{to_resume(campaign)}`, or `{to_stop(campaign)}`."
    trip = campaign.trip
    if trip is None or not resumes(trip, campaign.status_at, trip.at + RESUMES_AFTER):
        return by_hand
    return f"{by_hand} By itself on {shown(trip.at + RESUMES_AFTER)} UTC."


def _now(campaign: Campaign, found: Standing) -> Sequence[tuple[str, str]]:
    rows = []
    if found.waits_until:
        domain = campaign.sender.domain
        what = f"waits for the warm-up of {domain} until {shown(found.waits_until)} UTC"
        rows.append((what, "Nothing: it goes on by itself. The days: `campaigns throttle show`."))
    if found.warning:
        rows.append((f"warning: {found.warning}", "It is paused when this goes on."))
    return rows
