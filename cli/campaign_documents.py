"""`campaigns campaign apply` and `export`: campaigns as documents that people keep, in git or elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli import audit_trail, campaign_recipients, context, lookup
from cli.arguments import Author, CampaignId
from cli.campaign_drafts import saved
from cli.document_faults import NOT_WRITTEN, checked
from cli.files import read_text, readable
from cli.login import login
from cli.output import Json, print_json, say
from cli.yaml_document import DocumentInvalid, Node, read, written
from domain.campaign import Campaign, Origin
from domain.errors import InvalidDefinition, TemplateInvalid
from domain.faults import Faulty
from handlers.selection import Selector
from messages.campaign_saved import CampaignSaved, RecipientsPart
from repositories.stores import Stores

DocumentFile = Annotated[
    Path, typer.Argument(metavar="FILE", callback=readable, help="A campaign document in YAML; - is standard input.")
]


def register(app: typer.Typer) -> None:
    app.command("apply")(apply)
    app.command("export")(export)


def apply(
    file: DocumentFile,
    author: Author = None,
    as_json: Json = False,
) -> None:
    """Create or change a draft as a document says. The document is all there is: what it leaves out is empty.

    The same document again changes nothing. `campaigns campaign export` writes the one of a campaign.
    """
    found = read(read_text(file), str(file))
    message = document(found, str(file), author or login())
    audit_trail.about(f"campaign:{message.campaign_id}")
    settings = context.settings()

    async def work(stores: Stores) -> tuple[Campaign | None, campaign_recipients.Draft]:
        before = await stores.campaigns.get(message.campaign_id)
        try:
            after = await saved(stores, settings, message)
        except (InvalidDefinition, TemplateInvalid) as error:
            faults = error.faults if isinstance(error, Faulty) else (str(error),)
            raise DocumentInvalid("\n".join(_placed(fault, found, str(file)) for fault in faults)) from error
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
    return checked(found, name, CampaignSaved, "campaign_id, name", origin=Origin.CAMPAIGNS, saved_by=author)


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
