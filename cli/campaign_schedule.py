"""`campaigns campaign schedule`: send a reviewed campaign later, at a moment or at a local time of its readers (D7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from cli import context, lookup, views
from cli.arguments import CampaignId, Wait, Yes
from cli.campaign_following import Request, asked
from cli.login import login
from cli.output import Json, counted, out, print_json, say, shown, table
from cli.series_instead import check_own
from config.settings import Settings
from domain.campaign import Campaign, CampaignStatus
from domain.errors import IllegalTransition, InvalidDefinition
from domain.schedule import is_local, moment
from domain.send_times import NO_ZONE, SendTimes, local_time, times
from domain.what_to_type import Wish
from messages.send_requested import SendRequested
from repositories.stores import Stores
from workers.resources import now
from workers.send_requested import send_start

_BEGUN = frozenset({CampaignStatus.SCHEDULED, CampaignStatus.SENDING})
_LOCAL = "When, where each recipient lives, such as 2026-12-01T09:00; their zone is the contact field time_zone."


@dataclass(frozen=True, slots=True)
class _When:
    """The time that was asked for: a moment, or a local time with what it comes to."""

    at: datetime | None = None  #: aware
    local: datetime | None = None
    found: SendTimes | None = None
    people: dict[str, int] | None = None  #: by zone

    @property
    def text(self) -> str:
        if self.found is None or self.local is None:
            return f"at {shown(self.at)} UTC"
        ends = f"from {shown(self.found.first)} to {shown(self.found.last)} UTC"
        return f"at {self.local:%Y-%m-%d %H:%M} where each of them lives, {ends}"


def register(app: typer.Typer) -> None:
    app.command("schedule")(schedule)


def schedule(
    campaign_id: CampaignId,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="When, in UTC, such as 2026-12-01T09:00.")] = None,
    local: Annotated[str | None, typer.Option(metavar="TIME", help=_LOCAL)] = None,
    yes: Yes = False,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Send a reviewed campaign later; without a time, when its document says. Another time takes the place of one
    given before; `unschedule` takes it back."""
    if at and local:
        raise typer.BadParameter("give one of them: a campaign has one time", param_hint="--at, --local")
    settings = context.settings()
    found, when = context.stored(settings, lambda stores: _when(stores, settings, campaign_id, at, local))
    if when.people is not None and when.found is not None and not as_json:
        out.print(_zones(when.found, when.people))
        _warn(when.found, when.people, settings)
    to = f" to {counted(found.report.to_send, 'person', 'people')}" if found.report else ""
    if not context.confirmed(f"Send {campaign_id}{to} {when.text}?", yes=yes):
        raise IllegalTransition(f"campaign {campaign_id} stays {found.status}: nobody confirmed; --yes does")
    message = SendRequested(campaign_id=campaign_id, at=when.at, local_at=when.local, confirmed_by=login())
    known = asked(settings, Request(found, message, lambda campaign: _is_scheduled(campaign, when)), wait=wait)
    print_json(known) if as_json else out.print(views.steps(known))


async def _when(
    stores: Stores, settings: Settings, campaign_id: str, at: str | None, local: str | None
) -> tuple[Campaign, _When]:
    found = await lookup.campaign(stores, campaign_id)
    await check_own(stores, found, Wish.SEND)
    send_start(stores, settings).check(found)
    if local is None and at is None:
        at, local = _of_document(found)
    when = _When(moment(at)) if at else await _locally(stores, settings, found, local_time(local or ""))
    last = when.found.last if when.found else when.at
    if last is not None and last <= now():
        what = f"{shown(last)} UTC is past" + (" for everybody" if when.found else "")
        raise InvalidDefinition(f"{what}; send it now: campaigns campaign send {campaign_id}")
    return found, when


def _of_document(campaign: Campaign) -> tuple[str | None, str | None]:
    if campaign.schedule is None:
        raise typer.BadParameter("when? The campaign's document has no schedule", param_hint="--at, --local")
    return (None, campaign.schedule) if is_local(campaign.schedule) else (campaign.schedule, None)


async def _locally(stores: Stores, settings: Settings, campaign: Campaign, local: datetime) -> _When:
    people = dict(await stores.emails.time_zones(campaign.id))
    return _When(local=local, found=times(local, people, settings.organisation.time_zone), people=people)


def _is_scheduled(campaign: Campaign, when: _When) -> bool:
    if campaign.status not in _BEGUN:
        return campaign.status not in {CampaignStatus.REVIEWED}
    if when.local is not None:
        return campaign.local_time is not None and local_time(campaign.local_time) == when.local
    return campaign.send_at == when.at or campaign.status is CampaignStatus.SENDING


def _zones(found: SendTimes, people: dict[str, int], most: int = 12) -> object:
    """The zones in the order in which they come to it; the smallest are summed up."""
    largest = set(sorted(people, key=lambda zone: (-people[zone], zone))[:most])
    rows: list[Sequence[object]] = [
        (zone or "not known", at, people[zone])
        for at, zones in found.zones_by_time.items()
        for zone in zones
        if zone in largest
    ]
    if others := set(people) - largest:
        rows.append((f"{counted(len(others), 'other zone')}", None, sum(people[zone] for zone in others)))
    return table("When people get it", ("time zone", "UTC", "people"), rows)


def _warn(found: SendTimes, people: dict[str, int], settings: Settings) -> None:
    if people.get(NO_ZONE):
        zone = settings.organisation.time_zone
        say(f"People whose zone is not known count as living in {zone} (CAMPAIGNS_ORGANISATION__TIME_ZONE).")
    late = sum(people[zone] for at, zones in found.zones_by_time.items() if at <= now() for zone in zones)
    if late:
        say(f"For {counted(late, 'person', 'people')} that time is past: they get it at once.")
