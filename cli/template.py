"""`campaigns template`: those that come with the product, and those you saved."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from cli import context
from cli.output import Json, out, print_json, table
from domain.errors import InvalidDefinition
from domain.footer import with_footer
from domain.predesigned import predesigned, predesigned_templates
from domain.saved_template import SavedTemplate
from domain.template import TemplateSource, compiled
from workers.resources import now

app = typer.Typer(help="Templates: pre-designed, basic and saved.", no_args_is_help=True)


@app.command("list")
def list_(
    search: Annotated[str, typer.Option(help="Only those with this word in name, title or description.")] = "",
    as_json: Json = False,
) -> None:
    """List all templates."""

    async def saved() -> list[SavedTemplate]:
        async with context.stores(context.settings()) as stores:
            return list(await stores.templates.all())

    rows = [(t.name, str(t.kind), t.title, t.description) for t in predesigned_templates().values()]
    rows += [(one.name, "saved", one.name, "") for one in asyncio.run(saved())]
    wanted = [row for row in rows if search.lower() in " ".join(row).lower()]
    if as_json:
        print_json([dict(zip(("name", "kind", "title", "description"), row, strict=True)) for row in wanted])
        return
    out.print(table("Templates", ("name", "kind", "title", "what it is for"), wanted))


@app.command()
def show(
    name: str,
    html: Annotated[Path | None, typer.Option(help="Write its HTML here, to look at in a browser.")] = None,
    as_json: Json = False,
) -> None:
    """Show a template's places and merge fields, and write its HTML."""
    source = asyncio.run(_source(name))
    places = dict(predesigned(name).places) if name in predesigned_templates() else {}
    fields = sorted(compiled(source).fields)
    if html is not None and source.html is not None:
        html.write_text(source.html, encoding="utf-8")
    if as_json:
        print_json({"name": name, "subject": source.subject, "places": places, "fields": fields})
        return
    out.print(f"Subject: {source.subject}\nMerge fields: {', '.join(fields) or 'none'}", markup=False)
    if places:
        out.print(table("Places, filled with --fill PLACE=TEXT", ("place", "otherwise"), places.items()))


@app.command()
def save(
    name: str,
    subject: Annotated[str, typer.Option(help="A suggestion; a campaign has its own.")] = "(subject)",
    html: Annotated[Path | None, typer.Option(exists=True, help="HTML.")] = None,
    text: Annotated[Path | None, typer.Option(exists=True, help="Plain text.")] = None,
    as_json: Json = False,
) -> None:
    """Save HTML or plain text of your own as a template. It is compiled first; a footer is added where it has none."""
    if html is None and text is None:
        raise InvalidDefinition("--html or --text names the file with the template")
    if name in predesigned_templates():
        raise InvalidDefinition(f"{name} comes with the product; choose another name")
    own = TemplateSource(subject, "", html.read_text() if html else None, text.read_text() if text else None)
    source = with_footer(own)
    fields = sorted(compiled(source).fields)

    async def work() -> None:
        async with context.stores(context.settings()) as stores:
            await stores.templates.save(SavedTemplate(name, subject, source.html, source.text, now()))

    asyncio.run(work())
    print_json({"name": name, "fields": fields}) if as_json else out.print(
        f"Template {name} is saved. Merge fields: {', '.join(fields) or 'none'}", markup=False
    )


async def _source(name: str) -> TemplateSource:
    if name in predesigned_templates():
        return predesigned(name).source()
    async with context.stores(context.settings()) as stores:
        found = await stores.templates.get(name)
    if found is None:
        raise InvalidDefinition(f"there is no template {name}; `campaigns template list` shows all")
    return TemplateSource(found.subject, "", found.html, found.text)
