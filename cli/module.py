"""`campaigns module`: which fields the CRM's modules have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import audit_trail, context, sync_view
from cli.files import read_text, readable
from cli.output import Json, counted, out, print_json, table, tell
from cli.publish import parsed
from domain.errors import Conflict, InvalidMessage, UnknownModule
from domain.module import BUILT_IN, Module, why_unmappable
from domain.sync import problems
from messages.module_described import ModuleDescribed
from repositories.stores import Stores

app = typer.Typer(help="CRM modules and their fields.", no_args_is_help=True)


@app.command()
def describe(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE|-", callback=readable,
            help="JSON: module, label, fields with api_name, label and type; - is standard input.",
        ),
    ],
    as_json: Json = False,
) -> None:  # fmt: skip
    """Describe a module, or describe it anew: what the CRM publishes as module-described."""
    made = _described(read_text(file))
    audit_trail.about(f"module:{made.name}")
    wrong = context.stored(context.settings(), lambda stores: _store(stores, made))
    if as_json:
        return print_json({"module": made, "problems": wrong})
    tell(f"Module {made.name} has {counted(len(made.fields), 'field')}{_email(made)}.")
    out.print(*sync_view.warnings(wrong), sep="\n")


@app.command("list")
def list_modules(as_json: Json = False) -> None:
    """Show all modules that can be synced, built-in ones included."""
    found = context.stored(context.settings(), lambda stores: stores.modules.all())
    if as_json:
        return print_json(found)
    rows = [(m.name, m.label, len(m.fields), m.email_field or "none: cannot be synced", _origin(m)) for m in found]
    out.print(table("Modules", ("name", "label", "fields", "email field", "described"), rows))


@app.command()
def show(
    module: Annotated[str, typer.Argument(metavar="MODULE", help="Its name; `campaigns module list` shows all.")],
    as_json: Json = False,
) -> None:
    """Show the fields of a module, and which of them can be mapped."""
    found = context.stored(context.settings(), lambda stores: _known(stores, module))
    if as_json:
        return print_json(found)
    rows = [
        (one.api_name, one.label, one.type, found.default_map.get(one.api_name), why_unmappable(one) or "yes")
        for one in found.fields
    ]
    columns = ("CRM field", "label", "type", "usual contact field", "can be mapped")
    out.print(table(f"Module {found.name}{_email(found)}", columns, rows, spare={"label"}))


def _described(text: str) -> Module:
    messages = parsed(ModuleDescribed.queue, text)
    if len(messages) != 1 or not isinstance(messages[0], ModuleDescribed):
        raise InvalidMessage("one module at a time: give one JSON object")
    return messages[0].to_module()


async def _store(stores: Stores, made: Module) -> dict[str, list[str]]:
    """What is wrong with its syncs from now on, by sync."""
    if not await stores.modules.save(made):
        raise Conflict(f"module {made.name} was described at a later time already; that description stays")
    syncs = [sync for sync in await stores.syncs.all() if sync.module == made.name]
    return {sync.id: told for sync in syncs if (told := problems(sync, made))}


async def _known(stores: Stores, name: str) -> Module:
    found = await stores.modules.get(name)
    if found is None:
        raise UnknownModule(f"there is no module {name}; `campaigns module list` shows all")
    return found


def _email(module: Module) -> str:
    if module.email_field is None:
        return " and none of type Email: it cannot be synced (R10)"
    return f"; {module.email_field} holds the email address"


def _origin(module: Module) -> str:
    if module == BUILT_IN.get(module.name):
        return "built in"
    return f"{module.described_at:%Y-%m-%d %H:%M}" if module.described_at else "yes"
