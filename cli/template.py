"""`campaigns template`: those that come with the product, and those you saved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import context
from cli.arguments import NewTemplateName, TemplateName
from cli.files import read_text
from cli.output import Json, out, print_json, table, tell
from config.settings import Settings
from domain.errors import InvalidDefinition
from domain.footer import with_footer
from domain.predesigned import predesigned, predesigned_templates
from domain.saved_template import SavedTemplate
from domain.template import TemplateSource, compiled
from repositories.stores import Stores
from workers.resources import now

app = typer.Typer(help="Templates: pre-designed, basic and saved.", no_args_is_help=True)


@app.command("list")
def list_(
    search: Annotated[str, typer.Option(help="Only those with this word in name, title or description.")] = "",
    as_json: Json = False,
) -> None:
    """List all templates."""
    saved = context.stored(context.settings(), lambda stores: stores.templates.all())
    rows = [(t.name, str(t.kind), t.title, t.description) for t in predesigned_templates().values()]
    rows += [(one.name, "saved", one.name, "") for one in saved]
    wanted = [row for row in rows if search.lower() in " ".join(row).lower()]
    if as_json:
        return print_json([dict(zip(("name", "kind", "title", "description"), row, strict=True)) for row in wanted])
    if not wanted:
        return tell(f"No template has {search} in it; `campaigns template list` shows all.")
    out.print(table("Templates", ("name", "kind", "title", "what it is for"), wanted, spare=("title",)))


@app.command()
def show(
    name: TemplateName,
    html: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write its HTML here, to look at in a browser.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show a template's places and merge fields, and write its HTML."""
    source = _ours(name) or _saved(context.settings(), name)
    places = dict(predesigned(name).places) if name in predesigned_templates() else {}
    fields = sorted(compiled(source).fields)
    if html is not None:
        _write(html, name, source)
    if as_json:
        return print_json({"name": name, "subject": source.subject, "places": places, "fields": fields})
    tell(f"Subject: {source.subject}")
    tell(f"Merge fields: {', '.join(fields) or 'none'}")
    if places:
        out.print(table("\nPlaces, filled with --fill PLACE=TEXT", ("place", "otherwise"), places.items()))


@app.command()
def save(
    name: NewTemplateName,
    subject: Annotated[str, typer.Option(help="A suggestion; a campaign has its own.")] = "(subject)",
    html: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="HTML.")] = None,
    text: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Plain text.")] = None,
    as_json: Json = False,
) -> None:
    """Save HTML or plain text of your own as a template. It is compiled first; a footer is added where it has none."""
    if html is None and text is None:
        raise typer.BadParameter("give --html FILE or --text FILE, or both", param_hint="--html, --text")
    if name in predesigned_templates():
        raise InvalidDefinition(f"{name} comes with the product; choose another name")
    own = TemplateSource(subject, "", read_text(html) if html else None, read_text(text) if text else None)
    source = with_footer(own)
    fields = sorted(compiled(source).fields)
    saved = SavedTemplate(name, subject, source.html, source.text, now())
    context.stored(context.settings(), lambda stores: stores.templates.save(saved))
    if as_json:
        return print_json({"name": name, "fields": fields})
    tell(f"Template {name} is saved. Merge fields: {', '.join(fields) or 'none'}")


def _write(file: Path, name: str, source: TemplateSource) -> None:
    if source.html is None:
        raise InvalidDefinition(f"template {name} is plain text: there is no HTML to write to {file}")
    file.write_text(source.html, encoding="utf-8")


def _ours(name: str) -> TemplateSource | None:
    return predesigned(name).source() if name in predesigned_templates() else None


def _saved(settings: Settings, name: str) -> TemplateSource:
    async def work(stores: Stores) -> SavedTemplate | None:
        return await stores.templates.get(name)

    found = context.stored(settings, work)
    if found is None:
        raise InvalidDefinition(f"there is no template {name}; `campaigns template list` shows all")
    return TemplateSource(found.subject, "", found.html, found.text)
