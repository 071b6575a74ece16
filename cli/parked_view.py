"""How parked messages are shown."""

from __future__ import annotations

from typing import Any
from unicodedata import category

from rich.console import Group, RenderableType
from rich.text import Text

from cli.output import plain, table
from cli.output import shown as cell
from domain.parked import ParkedMessage

COLUMNS = ("id", "parked at", "queue", "type", "reason", "times", "replayed", "bytes", "error")
SPARE = ("type", "bytes", "replayed")
ID_SHOWN = 12  #: digits; beginnings of ids are understood everywhere
HEAD_BYTES = 2000  #: of a body
ERROR_SHOWN = 120


def row(each: ParkedMessage) -> tuple[object, ...]:
    error = _harmless(each.error.partition("\n")[0])
    return (
        each.id[:ID_SHOWN], each.parked_at, each.queue, each.type, each.reason, each.times, each.replayed,
        each.body_bytes, error if len(error) <= ERROR_SHOWN else error[:ERROR_SHOWN] + "…",
    )  # fmt: skip


def summary(each: ParkedMessage) -> dict[str, Any]:
    """Everything but headers and body, for programs."""
    return {name: value for name, value in plain(each).items() if name not in {"headers", "body"}}


def shown(each: ParkedMessage) -> RenderableType:
    facts = [
        ("id", each.id),
        ("message id", each.message_id),
        ("queue", each.queue),
        ("type", each.type),
        ("reason", each.reason),
        ("failed tries", each.attempts),
        ("times parked", each.times),
        ("times replayed", each.replayed),
        ("first seen", each.first_seen),
        ("parked at", each.parked_at),
        ("worker", each.worker),
        ("content type", _harmless(each.content_type)),
        ("body", f"{each.body_bytes:,} bytes"),
    ]
    headers = [(_harmless(name), _header(value)) for name, value in each.headers.items()]
    parts: list[RenderableType] = [table("Parked", ("fact", "value"), [(name, cell(value)) for name, value in facts])]
    parts += [table("Headers", ("name", "value"), headers)] if headers else []
    parts += [Text("Error", style="bold"), Text(_harmless(each.error) + "\n")]
    parts += [Text("Body", style="bold"), Text(_head(each.body))]
    return Group(*parts)


def _header(value: object) -> str:
    return _harmless(value.decode(errors="replace") if isinstance(value, bytes) else str(value))


def _head(body: bytes) -> str:
    text = _harmless(body[:HEAD_BYTES].decode(errors="replace"))
    more = len(body) - HEAD_BYTES
    return f"{text}\n… and {more:,} bytes more; --body prints all" if more > 0 else text


def _harmless(text: str) -> str:
    """A publisher's text without the control characters by which it could command a terminal."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if category(each) == "Cc" and each not in "\n\t" else each for each in text
    )
