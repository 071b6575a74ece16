"""`campaigns classify`: what a mail or a reply of a mail server is taken for, and what that rests on."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli.files import STDIN, readable
from cli.output import Json, counted, out, print_json, say, table
from domain.classification.classified import Classified, Recipient
from domain.classification.mail import classify as classified
from domain.classification.mail import load_rules
from domain.classification.reasons import Scope
from domain.classification.verdict import Verdict
from domain.smtp_reply import Reply, Stage, verdict

_EVIDENCE = 160  #: characters of the text that decided, in a table

Files = Annotated[
    list[Path] | None,
    typer.Argument(metavar="FILE…", help="Mails as they came in; a directory is read whole; - is stdin."),
]


@dataclass(frozen=True, slots=True)
class Timed:
    file: str
    found: Classified
    took_ms: float  #: of processor time


def register(app: typer.Typer) -> None:
    app.command("classify")(classify)


def classify(
    files: Files = None,
    reply: Annotated[
        str | None, typer.Option(help="Instead of mails: a reply of a server, such as '550 5.1.1 no such user'.")
    ] = None,
    stage: Annotated[Stage, typer.Option(help="What the reply was given to.")] = Stage.RCPT,
    as_json: Json = False,
) -> None:
    """Say what mails or a server's reply mean: kind, whom it concerns, why, and the rule that decided."""
    if (reply is None) == (not files):
        raise typer.BadParameter("name files, or give a --reply")
    load_rules()
    if reply is not None:
        return _reply(reply, stage, as_json)
    timed = list(_timed(files or []))
    if as_json:
        return print_json([{"file": one.file, **_plain(one.found)} for one in timed])
    if len(timed) <= _IN_FULL:
        for one in timed:
            out.print(table(one.file, ("fact", "value"), _facts(one.found)))
    else:
        rows = [row[:-1] for one in timed for row in _rows(one)]
        out.print(table("", _COLUMNS[:-1], rows, spare=("effect", "code")))
    return _tell_times(timed)


_CONCERNED = {
    Scope.RECIPIENT: "the recipient",
    Scope.DOMAIN: "all mail to that provider",
    Scope.CAMPAIGN: "this content",
    Scope.US: "our own set-up",
}
_IN_FULL = 5  #: so many mails are shown with all that is known of them; more are a line each
_COLUMNS = ("file", "kind", "about", "reason", "effect", "code", "rule", "evidence")


def _reply(text: str, stage: Stage, as_json: bool) -> None:
    code, _, rest = text.strip().partition(" ")
    if not (code.isdecimal() and len(code) == 3):
        raise typer.BadParameter("a reply begins with its code, such as 550")
    found = verdict(Reply(int(code), rest, stage))
    if as_json:
        return print_json(found)
    return out.print(table("", _COLUMNS[3:], [_why(found)]))


def _timed(files: Sequence[Path]) -> Iterator[Timed]:
    for file in files:
        inner = sorted(each for each in file.rglob("*") if each.is_file()) if file.is_dir() else [readable(file)]
        for each in inner:
            raw = sys.stdin.buffer.read() if each == STDIN else each.read_bytes()
            begun = time.process_time()
            found = classified(raw)
            yield Timed(str(each), found, (time.process_time() - begun) * 1000)


def _rows(one: Timed) -> list[tuple[object, ...]]:
    """A line per recipient; one for a mail about nobody."""
    people = one.found.recipients or (Recipient(one.found.sender, one.found.kind),)
    return [(one.file, person.kind, person.address, *_columns(one.found, person)) for person in people]


def _facts(found: Classified) -> list[tuple[str, object]]:
    facts: list[tuple[str, object]] = [("kind", found.kind), ("decided by", found.rule), ("from", found.sender)]
    for person in found.recipients:
        facts.append(("about", person.address))
        if person.verdict is not None:
            reason, effect, code, rule, evidence = _why(person.verdict)
            facts += [("reason", f"{reason}, {effect}, concerns {_CONCERNED[person.verdict.scope]}"), ("rule", rule)]
            facts += [("code", code), ("evidence", evidence)]
    original = found.original
    facts += [("detail", found.detail), ("answers", "\n".join((*original.token_addresses, *original.message_ids)))]
    traceable = "yes" if original.traceable else "no: nothing shows that it is about a mail of ours"
    return [(name, value) for name, value in (*facts, ("traceable", traceable)) if value]


def _columns(found: Classified, person: Recipient) -> tuple[object, ...]:
    if person.verdict is None:
        return found.detail, None, None, found.rule, None
    reason, effect, code, rule, evidence = _why(person.verdict)
    return reason, effect, code, f"{found.rule}, {rule}", evidence


def _why(found: Verdict) -> tuple[object, ...]:
    code = " ".join(str(part) for part in (found.code, found.enhanced) if part)
    return (
        found.reason,
        found.effect,
        code,
        f"{found.rule} ({found.confidence})",
        " ".join(found.text.split())[:_EVIDENCE],
    )


def _plain(found: Classified) -> dict[str, object]:
    original = found.original
    return {
        "kind": found.kind,
        "rule": found.rule,
        "detail": found.detail,
        "sender": found.sender,
        "recipients": found.recipients,
        "original": {"message_ids": original.message_ids, "token_addresses": original.token_addresses},
        "traceable": original.traceable,
    }


def _tell_times(timed: Sequence[Timed]) -> None:
    if len(timed) > 1:
        slowest = max(timed, key=lambda one: one.took_ms)
        rate = len(timed) / max(sum(one.took_ms for one in timed) / 1000, 1e-9)
        say(f"{counted(len(timed), 'mail')}, {rate:,.0f} per CPU second")
        say(f"slowest {slowest.took_ms:.1f} ms: {slowest.file}")
