"""`campaigns campaign create` and `edit`: the document of a draft, made of options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cli import campaign_recipients, context, lookup
from cli.arguments import NewCampaignId, an_address, new_id, pairs
from cli.files import read_text
from cli.login import login
from cli.output import Json
from config.settings import Settings
from domain.campaign import Campaign, LawfulBasis, Origin, Purpose
from domain.errors import InvalidDefinition
from messages.campaign_saved import CampaignSaved, RecipientsPart
from repositories.stores import Stores
from workers.campaign_saved import campaign_keeper

#: Where a field of the document comes from, for errors that say what to type.
OPTIONS = {
    "sender.address": "--from-address", "sender.name": "--from-name", "sender.reply_to": "--reply-to",
    "content.subject": "--subject", "content.preheader": "--preheader", "recipients.modules": "--module",
    "recipients.records": "--record", "recipients.filters": "--filter",
    "schedule": "--at", "name": "--name", "list": "--list", "topic": "--topic",
}  # fmt: skip


CREATE = """Create a draft. Subject and sender are needed; everything else can follow: `campaigns campaign edit`."""
EDIT = """Change what is named of a draft; the rest stays. --module, --filter and --record each replace those named
before; --nobody begins the recipients anew."""


def register(app: typer.Typer) -> None:
    app.command("create", help=CREATE)(_save)
    app.command("edit", help=EDIT)(_save)


def _save(
    command: typer.Context,
    campaign_id: NewCampaignId,
    subject: Annotated[str | None, typer.Option(help="Subject; merge fields may stand in it.")] = None,
    preheader: Annotated[str | None, typer.Option(help="What mail programs show after the subject.")] = None,
    from_address: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", callback=an_address, help="Sender's address, on a domain of your own."),
    ] = None,
    from_name: Annotated[str | None, typer.Option(help="Sender's name; at first the organisation's.")] = None,
    reply_to: Annotated[
        str | None, typer.Option(metavar="ADDRESS", callback=an_address, help="Where replies go; else to the sender.")
    ] = None,
    template: Annotated[
        str | None, typer.Option(metavar="TEMPLATE", help="Content of a template: `campaigns template list`.")
    ] = None,
    fill: Annotated[
        list[str] | None,
        typer.Option(metavar="PLACE=TEXT", help="Fill a place of it: `campaigns template show TEMPLATE`."),
    ] = None,
    html: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="HTML of your own.")] = None,
    text: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Plain text of your own.")] = None,
    module: Annotated[list[str] | None, typer.Option(help="Send it to all records of this module.")] = None,
    record: Annotated[
        list[str] | None, typer.Option(metavar="MODULE:ID", help="Send it to this chosen record.")
    ] = None,
    filter_: Annotated[
        list[str] | None,
        typer.Option("--filter", metavar="MODULE=FILTER", help="Send it to those records of a module that fit."),
    ] = None,
    list_members: Annotated[
        bool | None, typer.Option(help="Send it to those who are on its list already, too.")
    ] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="Nobody is picked but whom this command names.")] = False,
    list_: Annotated[
        str | None, typer.Option("--list", callback=new_id, help="Mailing list that recipients are put on.")
    ] = None,
    topic: Annotated[str | None, typer.Option(callback=new_id, help="What it is about; at first marketing.")] = None,
    purpose: Annotated[Purpose | None, typer.Option(help="All but transactional are marketing.")] = None,
    lawful_basis: Annotated[LawfulBasis | None, typer.Option(help="GDPR Art. 6; mandatory where GDPR is on.")] = None,
    member_status: Annotated[
        str | None, typer.Option(help="Campaign member status of those added; at first Planned.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="When it is meant to be sent: 2026-12-01T09:00Z; without Z, where they live."
        ),
    ] = None,
    information: Annotated[
        list[str] | None, typer.Option(metavar="NAME=TEXT", help="Owner, budget and the like, as you name them.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name for ourselves; at first the id.")] = None,
    description: Annotated[str | None, typer.Option(help="For ourselves.")] = None,
    author: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who writes this, never who approves it; at first your login.")
    ] = None,
    as_json: Json = False,
) -> None:
    given = _given(
        {
            "name": name, "purpose": purpose, "topic": topic, "lawful_basis": lawful_basis, "list": list_,
            "member_status": member_status, "description": description, "schedule": at,
            "information": pairs(information, option="--information", shape="NAME=TEXT"),
            "sender": {"name": from_name, "address": from_address, "reply_to": reply_to},
            "recipients": {
                "modules": module, "records": _records(record), "list_members": list_members,
                "filters": pairs(filter_, option="--filter", shape="MODULE=FILTER"),
            },
        }
    )  # fmt: skip
    if nobody:
        given["recipients"] = RecipientsPart().model_dump() | given.get("recipients", {})
    content: dict[str, Any] = {"subject": subject, "preheader": preheader}
    given["content"] = _given(content) | _body(template, fill, html, text)
    store = _create if command.info_name == "create" else _edit
    _check_needed(given, new=store is _create, author=author)
    given["saved_by"] = author or login()
    settings = context.settings()

    async def work(stores: Stores) -> campaign_recipients.Draft:
        return await campaign_recipients.looked_at(stores, settings, await store(stores, settings, campaign_id, given))

    campaign_recipients.show(context.stored(settings, work), as_json=as_json)


def _check_needed(given: dict[str, Any], *, new: bool, author: str | None) -> None:
    if not new and given == {"content": {}} and not author:
        raise typer.BadParameter("name what is to change; `campaigns campaign edit --help` lists it")
    absent = ["--subject"] if "subject" not in given["content"] else []
    absent += ["--from-address"] if "address" not in given.get("sender", {}) else []
    if new and absent:
        raise typer.BadParameter("a new campaign needs it", param_hint=" and ".join(absent))


async def _create(stores: Stores, settings: Settings, campaign_id: str, given: dict[str, Any]) -> Campaign:
    if await stores.campaigns.get(campaign_id) is not None:
        raise InvalidDefinition(f"campaign {campaign_id} exists; change it: campaigns campaign edit {campaign_id}")
    blank: dict[str, Any] = {"campaign_id": campaign_id, "name": campaign_id, "origin": Origin.CAMPAIGNS}
    blank |= {"sender": {"name": settings.organisation.name}, "content": {}, "recipients": {}}
    return await saved(stores, settings, _document(blank, given))


async def _edit(stores: Stores, settings: Settings, campaign_id: str, given: dict[str, Any]) -> Campaign:
    known = await lookup.campaign(stores, campaign_id)
    before = CampaignSaved.of(known).model_dump() | {"origin": Origin.CAMPAIGNS}
    return await saved(stores, settings, _document(before, given))


async def saved(stores: Stores, settings: Settings, document: CampaignSaved) -> Campaign:
    """The campaign as the document made it."""
    await campaign_keeper(stores, settings)(document)
    return await lookup.campaign(stores, document.campaign_id)


def _document(before: dict[str, Any], given: dict[str, Any]) -> CampaignSaved:
    """The document with what was given over what there was."""
    merged = {key: before[key] | given[key] if _grouped(before, given, key) else given[key] for key in given}
    try:
        return CampaignSaved.model_validate(before | merged)
    except ValidationError as error:
        raise InvalidDefinition("; ".join(_in_words(entry) for entry in error.errors())) from error


def _grouped(before: dict[str, Any], given: dict[str, Any], key: str) -> bool:
    return isinstance(given[key], dict) and isinstance(before.get(key), dict)


def _in_words(entry: ErrorDetails) -> str:
    """Names the option, and says of a text what is wrong with it; ids and addresses were looked at before."""
    place = ".".join(map(str, entry["loc"]))
    said = {"string_too_short": "is empty", "string_pattern_mismatch": "has more than one line"}
    return f"{OPTIONS.get(place, place)} {said.get(entry['type'], entry['msg'].removeprefix('Value error, '))}"


def _body(template: str | None, fill: list[str] | None, html: Path | None, text: Path | None) -> dict[str, Any]:
    """What is written in the email; naming any of it replaces all of it."""
    if template and (html or text):
        raise typer.BadParameter("content comes from a template, or is your own: leave one of them out",
                                 param_hint="--template, --html, --text")  # fmt: skip
    if fill and not template:
        raise typer.BadParameter("give --template too, and every place again: what was filled before is not kept",
                                 param_hint="--fill")  # fmt: skip
    if template:
        places = pairs(fill, option="--fill", shape="PLACE=TEXT")
        return {"template": template, "places": places, "html": None, "text": None}
    if html or text:
        return {"template": None, "html": _read(html), "text": _read(text)}
    return {}


def _records(refs: list[str] | None) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for ref in refs or ():
        module, _, record_id = ref.partition(":")
        if not (module and record_id):
            raise typer.BadParameter(f"{ref!r}: write MODULE:ID, such as Leads:5400000000000000001",
                                     param_hint="--record")  # fmt: skip
        found.setdefault(module, []).append(record_id)
    return found


def _read(file: Path | None) -> str | None:
    return read_text(file) if file else None


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """Without what was not given; groups of values likewise."""
    inner = {key: _given(value) if isinstance(value, dict) else value for key, value in values.items()}
    return {key: value for key, value in inner.items() if value not in (None, {}, [])}
