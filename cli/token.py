"""`campaigns token`: who may publish events by HTTP (docs/event-gateway.md)."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from cli import audit_trail, context
from cli.output import Json, out, print_json, say, table, tell
from domain.api_token import ALL, ApiToken, new_token
from domain.errors import InvalidDefinition
from messages.catalog import INCOMING
from repositories.stores import Stores
from workers.resources import now

app = typer.Typer(help="Tokens of the event gateway: who may publish what by HTTP.", no_args_is_help=True)

_COLUMNS = ("id", "name", "may publish", "created", "revoked")


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whom it is for, such as crm.")],
    scopes: Annotated[
        list[str] | None,
        typer.Option("--scope", help=f"A message type that it may publish; repeat it. Or {ALL}."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a token, and show it: this once, for only a hash of it is kept."""
    token, text = new_token(_name(name), _scopes(scopes or []), now(), os.urandom)
    audit_trail.about(f"token:{token.id}")

    async def work(stores: Stores) -> None:
        await stores.api_tokens.add(token)

    context.stored(context.settings(), work)
    if as_json:
        return print_json({**_view(token), "token": text})
    tell(text)
    say(f"This is shown once. It may publish {_scope_words(token)}; `campaigns token revoke {token.id}` ends it.")


@app.command("list")
def list_tokens(as_json: Json = False) -> None:
    """List all tokens, also those that are revoked."""

    async def work(stores: Stores) -> list[ApiToken]:
        return list(await stores.api_tokens.all())

    found = context.stored(context.settings(), work)
    if as_json:
        return print_json([_view(token) for token in found])
    if not found:
        return tell("There are no tokens. Make one: `campaigns token create crm --scope record-changed`.")
    out.print(table("Tokens", _COLUMNS, [_row(token) for token in found]))


@app.command()
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="As `campaigns token list` shows it.")],
    as_json: Json = False,
) -> None:
    """Let nobody in by this token any more, within five seconds."""

    async def work(stores: Stores) -> bool:
        return await stores.api_tokens.revoke(token_id, now())

    if not context.stored(context.settings(), work):
        raise InvalidDefinition(f"there is no token {token_id[:40]!r}; `campaigns token list` shows them")
    if as_json:
        return print_json({"id": token_id, "revoked": True})
    tell(f"Token {token_id} is revoked; web processes forget it within five seconds.")


def _name(given: str) -> str:
    name = given.strip()
    if not 0 < len(name) <= 100 or not name.isprintable():
        raise typer.BadParameter("a name has 1 to 100 characters")
    return name


def _scopes(given: list[str]) -> frozenset[str]:
    if not given:
        raise typer.BadParameter(f"say what it may publish: --scope TYPE, of {', '.join(INCOMING)}, or --scope {ALL}")
    if unknown := [scope for scope in given if scope != ALL and scope not in INCOMING]:
        raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(INCOMING)}, {ALL}")
    return frozenset(given)


def _scope_words(token: ApiToken) -> str:
    return "every message type" if ALL in token.scopes else ", ".join(sorted(token.scopes))


def _row(token: ApiToken) -> tuple[object, ...]:
    return token.id, token.name, _scope_words(token), token.created_at, token.revoked_at or ""


def _view(token: ApiToken) -> dict[str, object]:
    """Without the hash: nobody needs it."""
    return {
        "id": token.id,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "created_at": token.created_at,
        "revoked_at": token.revoked_at,
    }
