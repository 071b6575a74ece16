"""`campaigns help-with CODE`: what a refusal, skip, park or pause means, why, and what to do (R103)."""

from __future__ import annotations

import difflib
from typing import Annotated

import typer

from cli.output import Json, out, print_json, table
from domain.errors import CampaignsError, Permanent, Transient, code_of
from domain.troubleshooting import Advice, advice, every, matching


def register(app: typer.Typer) -> None:
    app.command("help-with")(help_with)


def help_with(
    code: Annotated[str, typer.Argument(metavar="CODE", help="A word such as opted_out, not_ready or dead-link.")],
    as_json: Json = False,
) -> None:
    """Say what a code means, why it happens and what to do: of skips, failures, findings, refusals, parked messages."""
    found = matching(code)
    if not found:
        raise typer.BadParameter(f"nothing is called {code!r}{_meant(code)}; docs/troubleshooting.md has all codes")
    if as_json:
        return print_json(found)
    for each in found:
        out.print(table(each.name, ("", ""), facts(each)))


def facts(found: Advice) -> list[tuple[str, str]]:
    return [("it means", found.means), ("why", found.why), ("what to do", found.do)]


def of_error(error: CampaignsError) -> Advice | None:
    """What there is to say about an error of ours."""
    kind = {Permanent: "refusal", Transient: "trouble"}
    return next(
        (found for each, name in kind.items() if isinstance(error, each) and (found := _advice(name, error))), None
    )


def _advice(kind: str, error: CampaignsError) -> Advice | None:
    return advice(kind, code_of(type(error)))


def _meant(code: str) -> str:
    near = difflib.get_close_matches(code.lower(), {name for each in every() for name in (each.code, each.name)}, n=3)
    return f"; perhaps {', '.join(sorted(near))}" if near else ""
