"""`campaigns campaign apply` and `export`: campaigns as documents that people keep, in git or elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from inspect import isclass
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cli import campaign_recipients, context, lookup
from cli.arguments import CampaignId
from cli.campaign_drafts import saved
from cli.files import read_text, readable
from cli.login import login
from cli.output import Json, print_json, say
from cli.yaml_document import DocumentInvalid, Node, read, written
from domain.campaign import Campaign, Origin
from domain.errors import InvalidDefinition, TemplateInvalid
from handlers.selection import Selector
from messages.campaign_saved import CampaignSaved, Part, RecipientsPart
from repositories.stores import Stores

#: Of the message, not of the document: who says it, and when.
NOT_WRITTEN = frozenset({"origin", "source_version", "saved_at", "saved_by"})
Field: TypeAlias = "tuple[int | str, ...]"  #: of a field within the document
MOST_FAULTS = 20  #: that are told at once
_SAID = {
    "missing": "is needed",
    "string_too_short": "is empty",
    "string_pattern_mismatch": "has more than one line, or a character that cannot stand there",
    "string_type": "has to be text",
    "dict_type": "has to be a map",
    "model_type": "has to be a map",
    "list_type": "has to be a list",
}

DocumentFile = Annotated[
    Path, typer.Argument(metavar="FILE", callback=readable, help="A campaign document in YAML; - is standard input.")
]


def register(app: typer.Typer) -> None:
    app.command("apply")(apply)
    app.command("export")(export)


def apply(
    file: DocumentFile,
    author: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who writes this, never who approves it; at first your login.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Create or change a draft as a document says. The document is all there is: what it leaves out is empty.

    The same document again changes nothing. `campaigns campaign export` writes the one of a campaign.
    """
    found = read(read_text(file), str(file))
    message = document(found, str(file), author or login())
    settings = context.settings()

    async def work(stores: Stores) -> tuple[Campaign | None, campaign_recipients.Draft]:
        before = await stores.campaigns.get(message.campaign_id)
        try:
            after = await saved(stores, settings, message)
        except (InvalidDefinition, TemplateInvalid) as error:
            raise DocumentInvalid(_placed(str(error), found, str(file))) from error
        return before, await campaign_recipients.looked_at(stores, settings, after)

    before, draft = context.stored(settings, work)
    say(f"Campaign {draft.campaign.id} {_outcome(before, draft.campaign)}.")
    campaign_recipients.show(draft, as_json=as_json)


def export(
    campaign_id: CampaignId,
    to: Annotated[Path | None, typer.Option(dir_okay=False, help="Write it to this file; else it is printed.")] = None,
    as_json: Json = False,
) -> None:
    """Write a campaign as a document, so that it can be kept, changed and applied."""
    settings = context.settings()

    async def work(stores: Stores) -> CampaignSaved:
        return await exported(stores, await lookup.campaign(stores, campaign_id))

    found = context.stored(settings, work)
    if as_json and to is None:
        return print_json(written_parts(found))
    text = yaml_of(found)
    if to is None:
        return typer.echo(text, nl=False)
    to.write_text(text, encoding="utf-8")
    return say(f"Campaign {campaign_id} is written to {to}.")


async def exported(stores: Stores, campaign: Campaign) -> CampaignSaved:
    """The document with everybody who is chosen, however many they are."""
    refs = await Selector(stores.records, stores.selections).refs(campaign.recipients)
    whole = RecipientsPart.of_refs(campaign.recipients, refs)
    return CampaignSaved.of(campaign).model_copy(update={"recipients": whole})


def yaml_of(message: CampaignSaved) -> str:
    """The document as YAML; `document` makes the same of it."""
    return written(written_parts(message))


def written_parts(message: CampaignSaved) -> dict[str, Any]:
    """What stands in the document: all but what is said by leaving it out."""
    return message.model_dump(mode="json", exclude=set(NOT_WRITTEN), exclude_defaults=True)


def document(found: Node, name: str, author: str) -> CampaignSaved:
    """The message that says what a document says.

    Raises:
        DocumentInvalid: names each fault with its line and field.
    """
    if not isinstance(found.value, dict):
        raise DocumentInvalid(f"{name} line {found.line}: a document is a map: campaign_id, name, and so on")
    faults = list(_unknown(found, CampaignSaved, ()))
    try:
        message = CampaignSaved.model_validate({**found.plain(), "origin": Origin.CAMPAIGNS, "saved_by": author})
    except ValidationError as error:
        faults += [(entry["loc"], _in_words(entry)) for entry in error.errors()]
    if faults:
        raise DocumentInvalid("\n".join(_told(found, name, *fault) for fault in faults[:MOST_FAULTS]))
    return message


def _unknown(node: Node, model: type[Any], path: Field) -> Iterator[tuple[Field, str]]:
    """Fields that the document has and the model has not: nothing that is written is passed over."""
    fields = {name: each for name, each in model.model_fields.items() if name not in NOT_WRITTEN}
    for name, inner in node.value.items() if isinstance(node.value, dict) else ():
        if name not in fields:
            close = get_close_matches(name, fields, n=1)
            asked = f"did you mean {close[0]}?" if close else f"there are {', '.join(fields)}"
            yield (*path, name), f"is no field; {asked}"
        elif isclass(kind := fields[name].annotation) and issubclass(kind, Part):
            yield from _unknown(inner, kind, (*path, name))


def _in_words(entry: ErrorDetails) -> str:
    return _SAID.get(entry["type"], entry["msg"].removeprefix("Value error, "))


def _told(found: Node, name: str, path: Field, what: str) -> str:
    return f"{name} line {found.at(path).line}: {'.'.join(map(str, path)) or 'the document'} {what}"


def _placed(text: str, found: Node, name: str) -> str:
    """A refusal that begins with a field, or with a part of the content, with the line where that stands."""
    field = text.removeprefix(f"campaign {found.at(['campaign_id']).value}: ").partition(":")[0].partition(",")[0]
    path = field.split(".") if field not in {"html", "text", "subject", "preheader"} else ["content", field]
    node = found.at(path)
    return f"{name} line {node.line}: {text}" if node is not found else f"{name}: {text}"


def _outcome(before: Campaign | None, after: Campaign) -> str:
    if before is None:
        return "is created"
    return "is as the document says already" if before == after else "is changed"
