"""`campaigns template lint`: what a review would say of templates' content, without a campaign and in milliseconds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from cli import context
from cli.arguments import an_address
from cli.files import read_text
from cli.output import Json, out, print_json, table
from config.settings import Settings
from domain.findings import Finding, blocking
from domain.footer import with_footer
from domain.predesigned import predesigned_templates
from domain.template import TemplateSource
from domain.template_lint import judged
from handlers.template_shelf import TemplateShelf
from repositories.stores import Stores
from workers.options import organisation

_SENDER = "news@example.com"


@dataclass(frozen=True, slots=True)
class Line:
    """A template and what is wrong with it."""

    name: str
    html_bytes: int
    ms: float  #: for rendering and lint
    findings: tuple[Finding, ...]


def register(app: typer.Typer) -> None:
    app.command("lint")(lint)


def lint(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TEMPLATE]...", help="Names; without any, all of the product and all saved."),
    ] = None,
    html: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="HTML of your own instead.")] = None,
    text: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Plain text of your own.")] = None,
    subject: Annotated[str, typer.Option(help="Subject of your own HTML or text.")] = "A subject",
    sender: Annotated[
        str, typer.Option("--from-address", metavar="ADDRESS", callback=an_address, help="Who would send it.")
    ] = _SENDER,
    as_json: Json = False,
) -> None:
    """Say what a review would find in templates, or in HTML or text of your own. Exit code 1: it would reject one."""
    if names and (html or text):
        raise typer.BadParameter("name templates, or files of your own: leave one of them out",
                                 param_hint="--html, --text")  # fmt: skip
    settings = context.settings()
    if html or text:
        own = TemplateSource(subject, "", read_text(html) if html else None, read_text(text) if text else None)
        sources = {str(html or text): with_footer(own)}
    else:
        sources = context.stored(settings, lambda stores: _sources(stores, names or []))
    lines = [_line(name, source, settings, sender) for name, source in sources.items()]
    print_json(lines) if as_json else out.print(_shown(lines))
    if any(blocking(line.findings) for line in lines):
        raise typer.Exit(1)


async def _sources(stores: Stores, names: Sequence[str]) -> dict[str, TemplateSource]:
    shelf = TemplateShelf(stores.templates, stores.campaigns)
    wanted = names or [*predesigned_templates(), *(saved.name for saved in await stores.templates.all())]
    return {name: await shelf.source(name, {}) for name in wanted}


def _line(name: str, source: TemplateSource, settings: Settings, sender: str) -> Line:
    begun = time.perf_counter()
    found = judged(source, organisation(settings), sender)
    ms = round((time.perf_counter() - begun) * 1000, 1)
    html = found.rendered.html if found.rendered else None
    return Line(name, len((html or "").encode()), ms, found.findings)


def _shown(lines: Sequence[Line]) -> RenderableType:
    rows: list[Sequence[object]] = []
    for line in lines:
        said = [(finding.severity.value, finding.rule, finding.text, finding.fix) for finding in line.findings]
        for place, one in enumerate(said or [("", "", "nothing", "")]):
            rows.append((line.name if place == 0 else "", *one))
    return table("What a review would find", ("template", "severity", "rule", "what", "fix"), rows, spare=("fix",))
