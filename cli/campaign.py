"""`campaigns campaign`: from a draft to its summary."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from cli import campaign_moves, campaign_requests, context, lookup, views
from cli.output import Json, out, print_json
from domain.books import Summary
from domain.campaign import Campaign, LawfulBasis, Origin, Purpose
from domain.errors import InvalidDefinition
from domain.whats_next import whats_next
from handlers.campaign_saved import CampaignKeeper
from messages.campaign_saved import CampaignSaved
from messages.envelope import in_words
from workers.options import organisation
from workers.resources import now

app = typer.Typer(help="Campaigns: create, review, test, send, follow.", no_args_is_help=True)
campaign_requests.register(app)
campaign_moves.register(app)

CampaignId = Annotated[str, typer.Argument(help="The campaign's id: letters, digits, - and _.")]


def _save(
    command: typer.Context,
    campaign_id: CampaignId,
    name: Annotated[str | None, typer.Option(help="Name for ourselves; default: the id.")] = None,
    subject: Annotated[str | None, typer.Option(help="Subject; merge fields may stand in it.")] = None,
    preheader: Annotated[str | None, typer.Option(help="The line that mail programs show after the subject.")] = None,
    from_name: Annotated[str | None, typer.Option(help="Sender's name; default: the organisation's.")] = None,
    from_address: Annotated[str | None, typer.Option(help="Sender's address, on a domain of your own.")] = None,
    reply_to: Annotated[str | None, typer.Option(help="Where replies go; default: the sender.")] = None,
    template: Annotated[str | None, typer.Option(help="`campaigns template list` shows all.")] = None,
    fill: Annotated[
        list[str] | None, typer.Option(metavar="PLACE=TEXT", help="Text for one place of the template.")
    ] = None,
    html: Annotated[Path | None, typer.Option(exists=True, help="HTML of your own.")] = None,
    text: Annotated[Path | None, typer.Option(exists=True, help="Plain text of your own.")] = None,
    module: Annotated[list[str] | None, typer.Option(help="All records of this module.")] = None,
    record: Annotated[list[str] | None, typer.Option(metavar="MODULE:ID", help="One chosen record.")] = None,
    list_: Annotated[str | None, typer.Option("--list", help="Mailing list they are put on.")] = None,
    topic: Annotated[str | None, typer.Option(help="Topic; default marketing.")] = None,
    purpose: Annotated[
        Purpose | None, typer.Option(help="What it is for; all but transactional are marketing.")
    ] = None,
    lawful_basis: Annotated[LawfulBasis | None, typer.Option(help="GDPR Art. 6; mandatory where GDPR is on.")] = None,
    member_status: Annotated[str | None, typer.Option(help="Campaign member status of those added.")] = None,
    description: Annotated[str | None, typer.Option(help="For ourselves.")] = None,
    as_json: Json = False,
) -> None:
    """Create a draft, or (edit) change what is named of it."""
    content = {"subject": subject, "preheader": preheader, "template": template, "places": _pairs(fill)}
    if template or html or text:
        content |= {"html": _read(html), "text": _read(text)}
    changes = {
        "name": name, "purpose": purpose, "topic": topic, "lawful_basis": lawful_basis, "list": list_,
        "member_status": member_status, "description": description,
        "sender": {"name": from_name, "address": from_address, "reply_to": reply_to},
        "recipients": {"modules": module, "records": _records(record)},
    }  # fmt: skip
    replaced = {"html", "text"} if template or html or text else set()
    given = _given(changes) | {"content": _given(content, keep=replaced)}
    saved = asyncio.run(_store(campaign_id, given, creates=command.info_name == "create"))
    print_json(saved) if as_json else out.print(views.steps(saved))


app.command("create")(_save)
app.command("edit")(_save)


@app.command()
def show(
    campaign_id: Annotated[str | None, typer.Argument(help="One campaign; without it, all of them.")] = None,
    as_json: Json = False,
) -> None:
    """Show all campaigns in a line each, or one with its details, What's Next and report."""
    if campaign_id is None:
        return _show_all(as_json=as_json)
    found = asyncio.run(_load(campaign_id))
    if as_json:
        return print_json({"campaign": found, "whats_next": whats_next(found)})
    out.print(views.details(found), views.steps(found), views.report(found), sep="\n")


@app.command()
def summary(campaign_id: CampaignId, as_json: Json = False) -> None:
    """Show what came back, and the books: every selected person on exactly one line."""

    async def work() -> tuple[Campaign, Summary, Any]:
        async with context.stores(context.settings()) as stores:
            found = await lookup.campaign(stores, campaign_id)
            selected = found.report.selected if found.report else 0
            return found, await stores.emails.summary(campaign_id), await stores.emails.books(campaign_id, selected)

    found, numbers, books = asyncio.run(work())
    if as_json:
        return print_json({"campaign": campaign_id, "status": found.status, "summary": numbers, "books": books})
    out.print(views.summary(found, numbers), views.books(books), sep="\n")


async def _load(campaign_id: str) -> Campaign:
    async with context.stores(context.settings()) as stores:
        return await lookup.campaign(stores, campaign_id)


def _show_all(*, as_json: bool) -> None:
    async def work() -> list[tuple[Campaign, Summary]]:
        async with context.stores(context.settings()) as stores:
            return [(one, await stores.emails.summary(one.id)) for one in await stores.campaigns.all()]

    rows = asyncio.run(work())
    if as_json:
        return print_json([{"campaign": one, "summary": numbers} for one, numbers in rows])
    out.print(views.overview(rows))


async def _store(campaign_id: str, given: dict[str, Any], *, creates: bool) -> Campaign:
    settings = context.settings()
    async with context.stores(settings) as stores:
        known = await stores.campaigns.get(campaign_id)
        if creates and known is not None:
            raise InvalidDefinition(
                f"campaign {campaign_id} exists; change it with `campaigns campaign edit {campaign_id}`"
            )
        if not creates:
            known = await lookup.campaign(stores, campaign_id)
        document = _document(campaign_id, known, given, settings.organisation.name)
        keeper = CampaignKeeper(stores.campaigns, stores.templates, organisation(settings), now)
        await keeper(document)
        return await lookup.campaign(stores, campaign_id)


def _document(campaign_id: str, known: Campaign | None, given: dict[str, Any], sender_name: str) -> CampaignSaved:
    """The document with what was given over what is known."""
    if known is not None:
        before = CampaignSaved.of(known).model_dump()
    else:
        before = {"campaign_id": campaign_id, "name": campaign_id, "origin": Origin.CAMPAIGNS}
        before |= {"sender": {"name": sender_name}, "content": {}, "recipients": {}}
    for key, value in given.items():
        before[key] = {**before[key], **value} if isinstance(value, dict) and key in before else value
    try:
        return CampaignSaved.model_validate(before)
    except ValidationError as error:
        raise InvalidDefinition(in_words(error)) from error


def _given(values: dict[str, Any], keep: set[str] = frozenset()) -> dict[str, Any]:  # type: ignore[assignment]
    """Without what was not given; groups of values likewise."""
    inner = {key: _given(value) if isinstance(value, dict) else value for key, value in values.items()}
    return {key: value for key, value in inner.items() if key in keep or value not in (None, {}, [])}


def _pairs(texts: list[str] | None) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts or ()]
    if wrong := [name for name, equals, _ in pairs if not equals]:
        raise InvalidDefinition(f"--fill {wrong[0]}: write PLACE=TEXT")
    return {name: text for name, _, text in pairs}


def _records(refs: list[str] | None) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for ref in refs or ():
        module, colon, record_id = ref.partition(":")
        if not colon:
            raise InvalidDefinition(f"--record {ref}: write MODULE:ID, such as Leads:5400000000000000001")
        found.setdefault(module, []).append(record_id)
    return found


def _read(file: Path | None) -> str | None:
    return file.read_text(encoding="utf-8") if file else None
