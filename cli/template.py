"""`campaigns template`: those that come with the product, those you saved, and what was sent lately."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import context, template_lint
from cli.arguments import NewTemplateName, TemplateName
from cli.files import read_text
from cli.output import Json, out, print_json, table, tell
from domain.errors import InvalidDefinition
from domain.footer import with_footer
from domain.mailer import ADDRESS_FIELD
from domain.merge_field_names import UnknownField, unknown_fields
from domain.predesigned import predesigned, predesigned_templates
from domain.saved_template import SavedTemplate
from domain.template import TemplateSource, compiled, translated_source
from handlers.template_shelf import TemplateShelf
from repositories.stores import Stores
from workers.resources import now

app = typer.Typer(help="Templates: pre-designed, basic, saved and recently sent.", no_args_is_help=True)
template_lint.register(app)


@app.command("list")
def list_(
    search: Annotated[
        str, typer.Option(help="Only those with these words in name, kind, subject, title or description.")
    ] = "",
    as_json: Json = False,
) -> None:
    """List all templates."""
    found = context.stored(context.settings(), lambda stores: _shelf(stores).entries(search))
    if as_json:
        return print_json(found)
    if not found:
        return tell(f"No template has {search} in it; `campaigns template list` shows all.")
    rows = [(entry.name, str(entry.kind), entry.title, entry.description) for entry in found]
    out.print(table("Templates", ("name", "kind", "title", "what it is for"), rows, spare=("title",)))


@app.command()
def show(
    name: TemplateName,
    html: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write its HTML here, to look at in a browser.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show a template's places and merge fields, and write its HTML."""

    async def work(stores: Stores) -> tuple[TemplateSource, frozenset[str]]:
        return await _shelf(stores).source(name, {}), await filled_fields(stores)

    source, known = context.stored(context.settings(), work)
    places = dict(predesigned(name).places) if name in predesigned_templates() else {}
    fields = sorted(compiled(source).fields)
    unknown = unknown_fields(fields, known)
    if html is not None:
        _write(html, name, source)
    if as_json:
        shown = {"name": name, "subject": source.subject, "places": places, "fields": fields}
        return print_json({**shown, "unknown": unknown})
    tell(f"Subject: {source.subject}")
    _tell_fields(fields, unknown)
    if places:
        out.print(table("\nPlaces, filled with --fill PLACE=TEXT", ("place", "otherwise"), places.items()))


@app.command()
def save(
    name: NewTemplateName,
    subject: Annotated[str, typer.Option(help="A suggestion; a campaign has its own.")] = "(subject)",
    preheader: Annotated[str, typer.Option(help="A suggestion likewise.")] = "",
    html: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="HTML.")] = None,
    text: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Plain text.")] = None,
    as_json: Json = False,
) -> None:
    """Save HTML or plain text of your own as a template. It is compiled first; a footer is added where it has none."""
    if html is None and text is None:
        raise typer.BadParameter("give --html FILE or --text FILE, or both", param_hint="--html, --text")
    if name in predesigned_templates():
        raise InvalidDefinition(f"{name} comes with the product; choose another name")
    own = TemplateSource(subject, preheader, read_text(html) if html else None, read_text(text) if text else None)
    source = with_footer(translated_source(own))
    fields = sorted(compiled(source).fields)
    saved = SavedTemplate(name, source.subject, source.html, source.text, now(), source.preheader)

    async def work(stores: Stores) -> frozenset[str]:
        await stores.templates.save(saved)
        return await filled_fields(stores)

    unknown = unknown_fields(fields, context.stored(context.settings(), work))
    if as_json:
        return print_json({"name": name, "fields": fields, "unknown": unknown})
    tell(f"Template {name} is saved.")
    _tell_fields(fields, unknown)


async def filled_fields(stores: Stores) -> frozenset[str]:
    """The contact fields that a sync fills, or would where a module has none yet, and the address, which all have."""
    syncs = await stores.syncs.all()
    mapped = {sync.module for sync in syncs}
    others = [module.default_map for module in await stores.modules.all() if module.name not in mapped]
    maps = [*(sync.field_map for sync in syncs), *others]
    return frozenset({ADDRESS_FIELD, *(ours for field_map in maps for ours in field_map.values())})


def _tell_fields(fields: list[str], unknown: list[UnknownField]) -> None:
    tell(f"Merge fields: {', '.join(fields) or 'none'}")
    for each in unknown:
        guess = f"; did you mean {each.meant}?" if each.meant else ""
        tell(f"No sync fills {each.name}{guess}")


def _shelf(stores: Stores) -> TemplateShelf:
    return TemplateShelf(stores.templates, stores.campaigns)


def _write(file: Path, name: str, source: TemplateSource) -> None:
    if source.html is None:
        raise InvalidDefinition(f"template {name} is plain text: there is no HTML to write to {file}")
    file.write_text(source.html, encoding="utf-8")
