"""`campaigns inbound`: mails that came in and led to nobody (docs/inbound.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from cli import context
from cli.output import Json, counted, harmless, out, print_json, table, tell
from domain.inbound_mail import Unattributed
from repositories.stores import Stores

_WHY = {
    "no_token": "no token of ours, nor a mail of ours in it",
    "says_nothing": "nothing that is heard at that address",
}

app = typer.Typer(help="Mail that came in: bounces, complaints, replies.", no_args_is_help=True)


@app.callback()
def inbound() -> None:
    """Mail that came in: bounces, complaints, replies."""


@app.command()
def unattributed(
    kind: Annotated[str | None, typer.Option(help="Only those taken for this, such as bounce or complaint.")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Show what each says, too, as far as it is kept.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="The newest so many; 0: all.")] = 50,
    as_json: Json = False,
) -> None:
    """List reports that changed nothing: they lead to no mail of ours, or say nothing of one."""

    async def work(stores: Stores) -> tuple[Sequence[Unattributed], int]:
        return await stores.unattributed.newest(kind, limit), await stores.unattributed.count(kind)

    found, count = context.stored(context.settings(), work)
    if as_json:
        return print_json(found)
    if not found:
        return tell("None is kept: every mail that came in led to somebody.")
    rows = [(each.at, each.kind, each.rule, _WHY.get(each.why, each.why), len(each.contact_ids)) for each in found]
    out.print(table("Reports that led to nobody", ("came", "taken for", "by rule", "but", "names"), rows))
    for each in found if raw else ():
        tell(f"--- {each.id}\n{harmless(each.raw)}")
    return tell(f"{len(found):,} of {counted(count, 'report')}; --raw shows what they say.")
