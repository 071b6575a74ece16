"""`campaigns campaign summary` and `list`: the numbers of one campaign, and one line for each of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from cli import anonymous_visits, context, lookup, views
from cli.arguments import CampaignId
from cli.offline import Kept, is_hidden, note
from cli.output import Json, out, print_json, table, tell
from cli.standing import Standing, notes, standing
from domain.anonymous_visits import VisitCounts
from domain.books import Books
from domain.campaign import Campaign, CampaignStatus, Layout, Origin
from domain.summary import Summary
from repositories.stores import Stores

#: Number, how it is called, and of what it is a share; None: of nothing.
LINES: tuple[tuple[str, str, str | None], ...] = (
    ("sent", "sent", None),
    ("delivered", "delivered", "sent"),
    ("hard_bounced", "hard bounced", "tried"),
    ("soft_bounced", "soft bounced", "tried"),
    ("opened", "opened", "delivered"),
    ("not_opened", "not opened", "delivered"),
    ("clicked", "clicked", "delivered"),
    ("replied", "replied", "delivered"),
    ("complaints", "complaints", "delivered"),
    ("unsubscribed", "unsubscribed", "delivered"),
    ("autoreplied", "answered by a machine", None),
    ("machine_opened", "opened by a machine", None),
    ("machine_clicked", "clicked by a machine", None),
    ("failed", "failed on our side", None),
    ("in_doubt", "in doubt", None),
    ("skipped", "skipped", None),
    ("deferred", "to be tried again", None),
    ("planned", "not tried yet", None),
)
_TINY = 0.001  #: of complaints, that is a lot
#: Said only where there are any.
_SELDOM = frozenset({"autoreplied", "machine_opened", "machine_clicked", "deferred", "planned"})


def register(app: typer.Typer) -> None:
    app.command()(summary)
    app.command("list")(list_)


def summary(campaign_id: CampaignId, kept: Kept = False, as_json: Json = False) -> None:
    """Show what came back, and the books: every selected person on exactly one line."""
    settings = context.settings()

    async def work(stores: Stores) -> tuple[Campaign, Summary, Books, Standing, VisitCounts]:
        found = await lookup.campaign(stores, campaign_id)
        numbers, books = await stores.emails.summary(campaign_id), await lookup.books(stores, found)
        now, nameless = await standing(stores, settings, found), await stores.anonymous_visits.of(campaign_id)
        return found, numbers, books, now, nameless

    found, numbers, books, now, nameless = context.stored(settings, work)
    if is_hidden(found, kept=kept):
        return _without_numbers(found, as_json=as_json)
    if as_json:
        shown = {"campaign": campaign_id, "status": found.status, "summary": numbers, "books": books}
        shown["counted_without_names"] = anonymous_visits.figures(found, nameless)
        return print_json({**shown, "status_reason": found.status_reason, "standing": now, "details": facts(found)})
    counted = filter(None, [anonymous_visits.in_words(nameless)])
    out.print(views.details(found), view(found, numbers), *counted, views.books(books), *notes(found, now), sep="\n")


def _without_numbers(found: Campaign, *, as_json: bool) -> None:
    """What a summary says of a campaign that is offline (R97)."""
    if as_json:
        shown = {"campaign": found.id, "status": found.status, "summary": None, "books": None}
        return print_json({**shown, "status_reason": found.status_reason, "note": note(found), "details": facts(found)})
    out.print(views.details(found))
    tell(note(found))


def list_(
    origin: Annotated[Origin | None, typer.Option(help="Only those that were created there.")] = None,
    layout: Annotated[Layout | None, typer.Option(help="Only live ones, or only those in the standard layout.")] = None,
    status: Annotated[CampaignStatus | None, typer.Option(help="Only those with this status.")] = None,
    series: Annotated[str | None, typer.Option(help="Only the messages of this series.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="At most so many, the latest first; 0: all.")] = 50,
    as_json: Json = False,
) -> None:
    """List campaigns in a line each, with their numbers; live ones and offline ones are told apart."""

    async def work(stores: Stores) -> list[tuple[Campaign, Summary]]:
        wanted = [one for one in await stores.campaigns.all() if _fits(one, origin, layout, status)]
        wanted = [one for one in wanted if series in {None, one.series}]
        wanted.sort(key=_latest, reverse=True)
        return await quick_view(stores, wanted[: limit or None])

    rows = context.stored(context.settings(), work)
    if as_json:
        return print_json([views.brief(one, numbers) | {"layout": one.layout} for one, numbers in rows])
    if not rows:
        return tell("No campaign is like that: `campaigns campaign list` shows all.")
    out.print(views.overview(rows))


async def all_of_them(stores: Stores) -> list[tuple[Campaign, Summary]]:
    return await quick_view(stores, await stores.campaigns.all())


async def quick_view(stores: Stores, campaigns: Sequence[Campaign]) -> list[tuple[Campaign, Summary]]:
    """These campaigns with their numbers (R82)."""
    numbers = await stores.emails.summaries([one.id for one in campaigns])
    return [(one, numbers.get(one.id, Summary())) for one in campaigns]


def view(campaign: Campaign, found: Summary) -> RenderableType:
    """Every number of the reference page (R86), with its share of those whom it could have happened to."""
    rows = [
        (name, number, share(number, getattr(found, of) if of else 0))
        for field, name, of in LINES
        if (number := getattr(found, field)) or field not in _SELDOM
    ]
    return table(f"Summary of {campaign.id}: {campaign.content.subject}", ("response", "people", "share"), rows)


def share(part: int, whole: int) -> str:
    """`12.3 %`, `0.02 %`; empty where there is nothing to have a share of."""
    if not whole:
        return ""
    tiny = 0 < part / whole < _TINY
    return (f"{part / whole:.2%}" if tiny else f"{part / whole:.1%}").replace("%", " %")


def facts(campaign: Campaign) -> Mapping[str, Any]:
    """What a summary says of the campaign itself (R87)."""
    return {
        "name": campaign.name,
        "subject": campaign.content.subject,
        "sender": campaign.sender,
        "purpose": campaign.purpose,
        "list": campaign.list_id,
        "topic": campaign.topic,
        "series": campaign.series,
        "origin": campaign.origin,
        "layout": campaign.layout,
        "description": campaign.description,
        "information": campaign.information,
        "created_at": campaign.created_at,
        "status_at": campaign.status_at,
    }


def _latest(one: Campaign) -> tuple[float, str]:
    """When anything happened to it last."""
    at = one.status_at or one.created_at
    return at.timestamp() if at else 0.0, one.id


def _fits(one: Campaign, origin: Origin | None, layout: Layout | None, status: CampaignStatus | None) -> bool:
    return origin in {None, one.origin} and layout in {None, one.layout} and status in {None, one.status}
