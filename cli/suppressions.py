"""`campaigns suppression`: addresses that get no mail, whatever happens to the people behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli import audit_trail, context
from cli.arguments import Yes, a_ref, addresses, an_address, person
from cli.csv_file import inspected
from cli.import_columns import Columns, of_contacts
from cli.import_rows import BadRow, people
from cli.import_run import windows
from cli.output import Csv, Json, counted, err, out, print_csv, print_json, table, tell
from cli.progress import progress
from config.settings import Settings
from domain.consent import Consent, ConsentTo
from domain.contact import address, contact_id
from domain.eligibility import SuppressionReason
from domain.erasure import record_key
from domain.errors import InvalidDefinition, NotReady
from domain.imports import Person
from domain.lists import Suppression
from domain.preferences import welcomed_back
from handlers.contact_changes import ContactChanges
from repositories.stores import Stores
from workers.erasure_requested import homecoming
from workers.options import address_key
from workers.resources import now

app = typer.Typer(help="Addresses that get no mail; they outlive their contacts.", no_args_is_help=True)

COLUMNS = ("contact", "address", "reason", "since", "evidence")
MOST_SHOWN = 20  #: refused rows on a terminal
Because = Annotated[str, typer.Option(help="Why, and who says so; no address: this outlives the person's data.")]


@app.command("add")
def add(
    people_: Annotated[list[str], typer.Argument(metavar="ADDRESS...", callback=addresses, help="Who gets no mail.")],
    because: Because,
    as_json: Json = False,
) -> None:
    """Suppress addresses by hand, known or not. Those that are suppressed by hand already stay as they are."""
    settings = context.settings()
    ids = [contact_id(person(text).identity, address_key(settings)) for text in people_]
    told = [Suppression(id_, SuppressionReason.MANUAL, now(), because) for id_ in ids]
    audit_trail.about(audit_trail.several("contact", ids))
    context.stored(settings, lambda stores: stores.suppressions.add(told))
    print_json({"suppressed": len(told)}) if as_json else tell(
        f"{counted(len(told), 'address', 'addresses')} suppressed."
    )


@app.command("list")
def list_(
    address_: Annotated[
        str | None, typer.Argument(metavar="[ADDRESS]", callback=an_address, help="Only this one.")
    ] = None,
    after: Annotated[str, typer.Option(metavar="CONTACT", help="Go on after this contact id.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many addresses.")] = 50,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """List suppressions. Of people who are not here, or were erased, nothing but the id is known."""
    settings = context.settings()

    async def work(stores: Stores) -> tuple[Sequence[Suppression], Mapping[str, str], int]:
        if address_:
            found = await stores.suppressions.details(contact_id(person(address_).identity, address_key(settings)))
        else:
            found = await stores.suppressions.page(after=after, limit=limit)
        contacts = await stores.contacts.load({each.contact_id for each in found})
        return found, {id_: contact.address for id_, contact in contacts.items()}, await stores.suppressions.count()

    found, known, count = context.stored(settings, work)
    rows = [(each.contact_id, known.get(each.contact_id), each.reason, each.at, each.evidence) for each in found]
    if as_json:
        return print_json([dict(zip(COLUMNS, row, strict=True)) for row in rows])
    if as_csv:
        return print_csv(COLUMNS, rows)
    if not rows:
        return tell("Nobody is suppressed." if not (address_ or after) else "Nobody else is suppressed.")
    out.print(table(f"Of {counted(count, 'suppressed address', 'suppressed addresses')}", COLUMNS, rows))


@app.command("remove")
def remove(
    address_: Annotated[str, typer.Argument(metavar="ADDRESS", callback=an_address, help="Who may get mail again.")],
    reason: Annotated[SuppressionReason, typer.Option(help="Which of its suppressions is taken back.")],
    because: Because,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take one suppression back. Never done by itself: somebody says why, and that is kept."""
    if reason is SuppressionReason.ERASED:
        raise typer.BadParameter(
            "an erased person is not written to again, unless it is their own wish: `campaigns suppression lift`",
            param_hint="--reason",
        )
    if not because.strip():
        raise typer.BadParameter("say why, and who says so", param_hint="--because")
    settings = context.settings()
    id_ = contact_id(person(address_).identity, address_key(settings))
    if not context.confirmed(f"Take back that this address is suppressed ({reason})?", yes=yes):
        raise NotReady("nobody confirmed, so it stays suppressed; --yes does")
    rest = context.stored(settings, lambda stores: _lift(stores, id_, reason, because))
    if as_json:
        return print_json({"removed": reason, "remaining": rest})
    still = f"; it stays suppressed: {', '.join(rest)}" if rest else ""
    tell(f"No longer suppressed as {reason}{still}.")


@app.command("lift")
def lift(
    because: Annotated[str, typer.Option(help="What shows that it is the person's own wish; no name, no address.")],
    address_: Annotated[
        str | None, typer.Argument(metavar="[ADDRESS]", callback=an_address, help="Who comes back.")
    ] = None,
    record: Annotated[
        str | None, typer.Option(metavar="MODULE:ID", callback=a_ref, help="A record that was erased without address.")
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Let somebody come back who was erased. Nothing of what was erased comes back; what comes from now on is kept."""
    if (address_ is None) == (record is None):
        raise typer.BadParameter("name who comes back: ADDRESS, or --record MODULE:ID")
    if not because.strip():
        raise typer.BadParameter("say what shows the person's wish", param_hint="--because")
    settings = context.settings()
    if not context.confirmed("Let this person be stored and written to again?", yes=yes):
        raise NotReady("nobody confirmed, so nothing changes; --yes does")
    lifted = context.stored(settings, lambda stores: _come_back(stores, settings, address_, record, because))
    if as_json:
        return print_json({"lifted": lifted})
    tell("May be stored and written to again." if lifted else "Nobody of this name was erased.")


@app.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="CSV with an email column, or one a line."),
    ],
    because: Because,
    reason: Annotated[
        SuppressionReason, typer.Option(help="Why all of them are suppressed.")
    ] = SuppressionReason.MANUAL,
    as_json: Json = False,
) -> None:
    """Suppress all addresses of a file. Again is no harm: a suppression keeps its first time and reason."""
    settings = context.settings()
    audit_trail.about(f"file:{file.name}")
    counts = context.stored(settings, lambda stores: _import(stores, settings, file, reason, because))
    if as_json:
        print_json({"suppressed": counts["suppressed"], "refused": counts["refused"]})
    else:
        refused = counted(counts["refused"], "row")
        tell(f"{counted(counts['suppressed'], 'row')} suppressed as {reason}, {refused} refused.")
    if counts["refused"]:
        raise typer.Exit(1)


async def _come_back(stores: Stores, settings: Settings, named: str | None, record: str | None, because: str) -> bool:
    """
    Raises:
        InvalidDefinition: the record was not erased by itself.
    """
    if named is not None:
        return await homecoming(stores)(contact_id(person(named).identity, address_key(settings)), because)
    key = record_key(record or "", address_key(settings))
    if await stores.erasures.get(key) is None:
        raise InvalidDefinition("this record was not erased by itself; where its person was, name the address")
    return await homecoming(stores)(key, because)


async def _lift(stores: Stores, id_: str, reason: SuppressionReason, because: str) -> list[str]:
    """The reasons that are left.

    Raises:
        InvalidDefinition: it is not suppressed for this reason.
    """
    found = await stores.suppressions.details(id_)
    at = now()
    lifted = [each for each in found if each.reason is reason]
    taken_back = bool(lifted) and await stores.suppressions.lift(lifted[0], at=at, because=because)
    # An opt-out may stand alone: it came along with a record from its old address, or this command died half-way.
    alone = reason is SuppressionReason.UNSUBSCRIBED and await _opted_out(stores, id_)
    if not (taken_back or alone):
        has = ", ".join(each.reason for each in found)
        raise InvalidDefinition(
            f"the address is not suppressed as {reason}; {f'it is as {has}' if has else 'not at all'}"
        )
    if reason is SuppressionReason.UNSUBSCRIBED:
        said = Consent(ConsentTo.MAIL, given=True, at=at, source="operator", proof=because)
        await ContactChanges(stores.contacts)([id_], lambda contact: welcomed_back(contact, said))
    return [each.reason for each in found if each.reason is not reason]


async def _opted_out(stores: Stores, id_: str) -> bool:
    known = (await stores.contacts.load([id_])).get(id_)
    return known is not None and known.opt_out is not None


async def _import(
    stores: Stores, settings: Settings, path: Path, reason: SuppressionReason, because: str
) -> Counter[str]:
    file, at, key = inspected(path), now(), address_key(settings)
    with file.rows() as reader:
        names = next((cells for _, cells in reader.rows), [])
    columns, skip = _columns([name.strip() for name in names])
    counts = Counter[str]()
    with progress(f"Suppressing {path.name}", total=file.size_bytes) as advance:
        for window in windows(file, columns, people(columns), skip=skip):
            ids = [contact_id(one.address.identity, key) for _, one in window.made if isinstance(one, Person)]
            await stores.suppressions.add(_told(ids, reason, at, because))
            for bad in window.refused()[: max(0, MOST_SHOWN - counts["refused"])]:
                _warn(bad)
            counts += Counter(suppressed=len(ids), refused=len(window.refused()))
            advance(window.read_bytes)
    return counts


def _told(ids: Sequence[str], reason: SuppressionReason, at: datetime, because: str) -> list[Suppression]:
    return [Suppression(id_, reason, at, because) for id_ in dict.fromkeys(ids)]


def _columns(names: Sequence[str]) -> tuple[Columns, int]:
    """The columns and how many rows below the header to leave out: -1 where row 1 is an address already."""
    if names and address(names[0]):
        return Columns(tuple(names), email=names[0]), -1
    return of_contacts(names, {}), 0


def _warn(bad: BadRow) -> None:
    err.print(f"row {bad.row}, column {bad.column}: {bad.reason}", style="yellow", markup=False, soft_wrap=True)
