"""`campaigns campaign create` and `edit`: the document of a draft, made of options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cli import campaign_options as option
from cli import campaign_recipients, context, lookup
from cli.arguments import Author, NewCampaignId, pairs
from cli.files import read_text
from cli.login import login
from cli.output import Json
from config.settings import Settings
from domain.campaign import Campaign, Origin
from domain.errors import InvalidDefinition
from domain.what_to_type import to_change
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
    subject: option.Subject = None,
    preheader: option.Preheader = None,
    from_address: option.FromAddress = None,
    from_name: option.FromName = None,
    reply_to: option.ReplyTo = None,
    template: option.Template = None,
    fill: option.Fill = None,
    html: option.Html = None,
    text: option.Text = None,
    module: option.Modules = None,
    record: option.Records = None,
    filter_: option.Filters = None,
    list_members: option.ListMembers = None,
    nobody: option.Nobody = False,
    list_: option.OnList = None,
    topic: option.OnTopic = None,
    purpose: option.OfPurpose = None,
    lawful_basis: option.OnBasis = None,
    member_status: option.MemberStatus = None,
    at: option.At = None,
    information: option.Information = None,
    name: option.Name = None,
    description: option.Description = None,
    author: Author = None,
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
    known = await stores.campaigns.get(campaign_id)
    if known is not None:
        raise InvalidDefinition(f"campaign {campaign_id} exists; change it: {to_change(known)}")
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
        found.setdefault(module, []).append(record_id)
    return found


def _read(file: Path | None) -> str | None:
    return read_text(file) if file else None


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """Without what was not given; groups of values likewise."""
    inner = {key: _given(value) if isinstance(value, dict) else value for key, value in values.items()}
    return {key: value for key, value in inner.items() if value not in (None, {}, [])}
