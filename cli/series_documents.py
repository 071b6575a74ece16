"""`campaigns series apply` and `export`: series as documents that people keep, in git or elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import audit_trail, context, lookup, series_views
from cli.arguments import Author, SeriesId
from cli.document_faults import NOT_WRITTEN, checked
from cli.files import read_text, readable
from cli.login import login
from cli.output import Json, out, print_json, say
from cli.yaml_document import DocumentInvalid, Node, read, written
from domain.campaign import Campaign, Origin
from domain.errors import InvalidDefinition, TemplateInvalid
from domain.faults import Faulty
from domain.series import Series
from domain.series_hints import hints
from domain.series_next import series_next
from messages.series_saved import SeriesSaved
from repositories.stores import Stores
from workers.options import organisation
from workers.series_saved import children, series_saver

_OF_MESSAGE = re.compile(r"message ([^:]+): (.*)", re.DOTALL)
#: What is told of the content of a message without saying where that stands.
_CONTENT = frozenset({"html", "text", "subject", "preheader"})

DocumentFile = Annotated[
    Path, typer.Argument(metavar="FILE", callback=readable, help="A series document in YAML; - is standard input.")
]


def register(app: typer.Typer) -> None:
    app.command("apply")(apply)
    app.command("export")(export)


def apply(
    file: DocumentFile,
    author: Author = None,
    as_json: Json = False,
) -> None:
    """Create or change a series as a document says. The document is all there is: a message it leaves out is ended.

    The same document again changes nothing. Of a series that runs, changes hold for whoever is not there yet; a message
    whose text or sender changes waits for its review, and so do those whose turn it is.
    """
    found = read(read_text(file), str(file))
    message = document(found, str(file), author or login())
    audit_trail.about(f"series:{message.series}")
    settings = context.settings()

    async def work(stores: Stores) -> tuple[Series | None, dict[str, Campaign], Series, dict[str, Campaign]]:
        before = await stores.series.get(message.series)
        were = dict(await children(stores).of(before)) if before else {}
        try:
            await series_saver(stores, settings)(message)
        except (InvalidDefinition, TemplateInvalid) as error:
            faults = error.faults if isinstance(error, Faulty) else (str(error),)
            raise DocumentInvalid("\n".join(_placed(fault, found, str(file)) for fault in faults)) from error
        after = await lookup.series(stores, message.series)
        return before, were, after, dict(await children(stores).of(after))

    before, were, after, are = context.stored(settings, work)
    say(f"Series {after.id} {_outcome(before is None, (before, were) == (after, are))}.")
    if as_json:
        return print_json(after)
    out.print(series_views.messages(after, are), series_views.steps(after, series_next(after, are)), sep="\n")
    series_views.tell_hints(hints(after, are, organisation(settings).tracking))


def export(
    series_id: SeriesId,
    to: Annotated[Path | None, typer.Option(dir_okay=False, help="Write it to this file; else it is printed.")] = None,
    as_json: Json = False,
) -> None:
    """Write a series as a document, so that it can be kept, changed and applied."""

    async def work(stores: Stores) -> SeriesSaved:
        found = await lookup.series(stores, series_id)
        return SeriesSaved.of(found, await children(stores).of(found))

    found = context.stored(context.settings(), work)
    if as_json and to is None:
        return print_json(written_parts(found))
    if to is None:
        return typer.echo(yaml_of(found), nl=False)
    to.write_text(yaml_of(found), encoding="utf-8")
    return say(f"Series {series_id} is written to {to}.")


def document(found: Node, name: str, author: str) -> SeriesSaved:
    """The message that says what a document says.

    Raises:
        DocumentInvalid: names each fault with its line and field.
    """
    return checked(found, name, SeriesSaved, "series, name", origin=Origin.CAMPAIGNS, saved_by=author)


def yaml_of(message: SeriesSaved) -> str:
    """The document as YAML; `document` makes the same of it."""
    return written(written_parts(message))


def written_parts(message: SeriesSaved) -> dict[str, Any]:
    """What stands in the document: all but what is said by leaving it out."""
    return message.model_dump(mode="json", exclude=set(NOT_WRITTEN), exclude_defaults=True)


def _placed(text: str, found: Node, name: str) -> str:
    """A refusal that names a message, a field or both, with the line where that stands."""
    said = _OF_MESSAGE.fullmatch(text)
    path: list[int | str] = ["messages", _place(found, said.group(1))] if said else []
    field = (said.group(2) if said else text).partition(":")[0].partition(",")[0]
    steps = ["content", field] if field in _CONTENT else field.split(".")
    here = found.at(path)
    node = here.at(steps)
    return f"{name}: {text}" if node is found else f"{name} line {node.line}: {text}"


def _place(found: Node, key: str) -> int:
    """Which of the messages of a document has this key."""
    keys = [each.get("key") for each in found.plain().get("messages", [])]
    return keys.index(key) if key in keys else 0


def _outcome(is_new: bool, is_same: bool) -> str:
    if is_new:
        return "is created"
    return "is as the document says already" if is_same else "is changed"
