"""How parked messages are shown."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from cli.output import harmless, plain, table
from cli.output import shown as cell
from domain.parked import ParkedMessage
from domain.troubleshooting import advice

COLUMNS = ("id", "parked at", "queue", "type", "reason", "times", "replayed", "bytes", "error")
SPARE = ("type", "bytes", "replayed")
ID_SHOWN = 12  #: digits; beginnings of ids are understood everywhere
HEAD_BYTES = 2000  #: of a body
ERROR_SHOWN = 120


def row(each: ParkedMessage) -> tuple[object, ...]:
    error = harmless(each.error.partition("\n")[0])
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
        *_advice(each.reason),
        ("failed tries", each.attempts),
        ("times parked", each.times),
        ("times replayed", each.replayed),
        ("first seen", each.first_seen),
        ("parked at", each.parked_at),
        ("worker", each.worker),
        ("content type", harmless(each.content_type)),
        ("body", f"{each.body_bytes:,} bytes"),
    ]
    headers = [(harmless(name), _header(value)) for name, value in each.headers.items()]
    parts: list[RenderableType] = [table("Parked", ("fact", "value"), [(name, cell(value)) for name, value in facts])]
    parts += [table("Headers", ("name", "value"), headers)] if headers else []
    parts += [Text("Error", style="bold"), Text(harmless(each.error) + "\n")]
    parts += [Text("Body", style="bold"), Text(_head(each.body))]
    return Group(*parts)


def _advice(reason: str) -> list[tuple[str, object]]:
    found = advice("refusal", reason) or advice("park", reason)
    return [("it means", found.means), ("what to do", found.do)] if found else []


def _header(value: object) -> str:
    return harmless(value.decode(errors="replace") if isinstance(value, bytes) else str(value))


def _head(body: bytes) -> str:
    text = harmless(body[:HEAD_BYTES].decode(errors="replace"))
    more = len(body) - HEAD_BYTES
    return f"{text}\n… and {more:,} bytes more; --body prints all" if more > 0 else text
