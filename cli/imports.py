"""`campaigns import`: people out of a CSV file, into records, a list, or a campaign's recipients."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli import audit_trail, context, import_views
from cli import import_options as option
from cli.arguments import Yes, pairs
from cli.csv_file import CsvFile, inspected
from cli.import_plan import Into, check_list, columns_of, job_of, list_import, maker, refs, undone
from cli.import_plan import target as target_of
from cli.import_run import Import, windows
from cli.import_targets import check_pick, pick
from cli.login import login
from cli.output import Json, counted, out, print_json, say, tell
from cli.progress import progress
from config.settings import Settings
from domain.errors import NotReady

PREVIEW_ROWS = 10


class PeopleFirst(TyperGroup):
    """`campaigns import FILE` means `campaigns import people FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        known = not args or args[0] in self.commands or args[0] in ("--help", "-h")
        return list(super().parse_args(ctx, args if known else ["people", *args]))


app = typer.Typer(
    help="People out of a CSV file. `campaigns import FILE` means `campaigns import people FILE`.",
    no_args_is_help=True,
    cls=PeopleFirst,
)


@app.command("people")
def import_people(
    file: option.File,
    module: option.IntoModule = None,
    list_: option.OntoList = None,
    campaign: option.IntoCampaign = None,
    map_: option.Mapped = None,
    encoding: option.Encoding = None,
    delimiter: option.Delimiter = None,
    preview: option.Preview = False,
    refused: option.RefusedTo = None,
    snapshot: option.Snapshot = None,
    type_: option.OfType = None,
    topic: option.Topics = None,
    proof: option.Proof = None,
    basis: option.OnBasis = None,
    author: option.Author = None,
    anew: option.Anew = False,
    as_json: Json = False,
) -> None:
    """Import people. Bad rows are listed with row, column and reason; good rows go on. Nobody who left comes back.

    What was interrupted goes on where it was when it is typed again. Into records: a column record_id (or id) tells
    them apart, without one their address does; changed_at (or Modified_Time) says when a row changed, default now;
    every other column is a field. An empty cell is an empty field. Exit code 1: some rows were refused.
    """
    into = Into(module, list_, campaign, snapshot, type_, frozenset(topic or ()), proof, basis)
    _check_usage(into)
    if author and not campaign:
        raise typer.BadParameter("--author goes with --campaign: nothing else has an author")
    said = pairs([text for text in map_ or () if text.partition("=")[2]], option="--map", shape=option.SHAPE)
    said |= {text.removesuffix("="): "" for text in map_ or () if text.endswith("=")}
    delimiter = "\t" if delimiter == "tab" else delimiter
    if delimiter is not None and len(delimiter) != 1:
        raise typer.BadParameter("one character, such as ;, or tab", param_hint="--delimiter")
    if refused and refused.exists() and refused.samefile(file):
        raise typer.BadParameter("this is the file that is imported; name another one", param_hint="--refused")
    settings = context.settings()
    found = inspected(file, encoding, delimiter)
    if preview:
        return _preview(settings, found, into, said, as_json=as_json)
    audit_trail.about(f"import:{job_of(found, into, said).id}")
    report = asyncio.run(_import(settings, found, into, said, refused, author=author or login(), anew=anew))
    if as_json:
        print_json(report.as_json())
    else:
        import_views.tell_report(report)
    if report.refused_count:
        raise typer.Exit(1)
    return None


@app.command("show")
def show(as_json: Json = False) -> None:
    """Show the last fifty imports with what came of them."""
    found = context.stored(context.settings(), lambda stores: stores.imports.latest())
    if as_json:
        return print_json(found)
    if not found:
        return tell("Nothing was imported yet: `campaigns import people --help` says how.")
    out.print(import_views.jobs(found))


@app.command("undo")
def undo(
    import_id: Annotated[str, typer.Argument(metavar="IMPORT", help="Its id; `campaigns import show` lists all.")],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take people off a list who are on it because of this import. Who has another reason stays; values stay."""
    settings = context.settings()
    job = context.stored(settings, lambda stores: list_import(stores, import_id))
    list_id = job.target.partition(":")[2]
    if not context.confirmed(f"Take the people of {import_id} off list {list_id}?", yes=yes):
        raise NotReady("nobody confirmed, so they stay; --yes does")
    left_behind = context.stored(settings, lambda stores: undone(stores, list_id, f"import:{import_id}"))
    if as_json:
        return print_json({"import": import_id, "list": list_id, "members": left_behind})
    tell(f"List {list_id} has {counted(left_behind, 'member')} without that import.")


def _check_usage(into: Into) -> None:
    """Settings are not asked for before this."""
    if not (into.module or into.list_id or into.campaign_id):
        raise typer.BadParameter("say where they go: --module, --list or --campaign")
    if into.list_id and (into.module or into.campaign_id):
        raise typer.BadParameter("people come onto a list without records; leave --module and --campaign out")
    if not into.list_id and (into.subscription or into.topics or into.proof or into.basis):
        raise typer.BadParameter("--type, --topic, --proof and --basis go with --list; records follow their syncs")
    if into.basis and not into.proof:
        raise typer.BadParameter("--basis needs --proof: an opt-in without proof proves nothing")


def _preview(settings: Settings, file: CsvFile, into: Into, said: Mapping[str, str], *, as_json: bool) -> None:
    columns = context.stored(settings, lambda stores: columns_of(stores, file, into, said))
    make = maker(settings, columns, into, job_of(file, into, said))
    first = list(islice((made for window in windows(file, columns, make) for made in window.made), PREVIEW_ROWS))
    shown = import_views.Preview(file, columns, first)
    print_json(shown.as_json()) if as_json else out.print(import_views.preview(shown))


async def _import(
    settings: Settings,
    file: CsvFile,
    into: Into,
    said: Mapping[str, str],
    refused: Path | None,
    *,
    author: str,
    anew: bool,
) -> import_views.Report:
    async with context.stores(settings) as stores:
        columns = await columns_of(stores, file, into, said)
        new = job_of(file, into, said)
        make = maker(settings, columns, into, new)
        if into.campaign_id:
            await check_pick(stores, into.campaign_id, refs(file, columns, make), new.id)
        if into.list_id:
            await check_list(stores, into)
        job = await stores.imports.begin(new, anew=anew)
        if job.rows:
            say(f"Import {job.id} was interrupted: it goes on after {job.rows:,} rows (--anew: from the first).")
        async with target_of(settings, stores, file, columns, into, job) as target:
            run = Import(file, columns, maker(settings, columns, into, job), target, stores.imports)
            with progress(f"Importing {file.path.name}", total=file.size_bytes) as advance:
                told = await run(job, refused, advance)
        if into.campaign_id:
            await pick(stores, into.campaign_id, refs(file, columns, make), new.id, author=author)
        ended = await stores.imports.get(job.id)
        return import_views.Report(ended or job, into.records_of, told, str(refused) if refused else None)
