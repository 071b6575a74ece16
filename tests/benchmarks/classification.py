"""`python -m tests.benchmarks.classification [DIRECTORY…]`: mails a second, the slowest mail, the cost of a verdict.

Needs no servers. Times are processor time, the best of the rounds: what a mail costs, whoever else is at work.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from cli.output import out, table
from domain.classification.mail import classify, load_rules
from domain.smtp_reply import Reply, Stage, verdict
from tests.benchmarks.measured import Measured
from tests.domain.classification.fuzz import SEEDS
from tests.domain.classification.hostile import hostile

ROUNDS = 5
_REPLY = Reply(
    550, "5.1.1 <a@b.example>: Recipient address rejected: User unknown in virtual mailbox table", Stage.RCPT
)
_COLUMNS = ("mails", "count", "per CPU second", "slowest, ms", "which")


def measure(directories: Sequence[Path] = (), rounds: int = ROUNDS) -> Measured:
    """The mails of the tests, hostile ones, and those in each directory."""
    load_rules()
    groups: dict[str, list[tuple[str, bytes]]] = {
        "of the tests": [(f"number {place}", raw) for place, raw in enumerate(SEEDS)],
        "hostile": list(hostile()),
    }
    for directory in directories:
        groups[str(directory)] = [(path.name, path.read_bytes()) for path in sorted(directory.glob("*.eml"))]
    rows = tuple(_row(name, mails, rounds) for name, mails in groups.items())
    note = f"one verdict on an SMTP reply: {_best_s(lambda: verdict(_REPLY), 2000) * 1e6:.0f} µs"
    command = "make bench ARGS=classification"
    return Measured("classification", "Classification of inbound mail", _COLUMNS, rows, (note,), command)


def _row(name: str, mails: Sequence[tuple[str, bytes]], rounds: int) -> tuple[object, ...]:
    costs = [(min(_took_s(raw) for _ in range(rounds)), which) for which, raw in mails]
    slowest_s, which = max(costs)
    return name, len(mails), round(len(mails) / sum(cost for cost, _ in costs)), f"{slowest_s * 1000:.1f}", which


def _took_s(raw: bytes) -> float:
    begun = time.process_time()
    classify(raw)
    return time.process_time() - begun


def _best_s(run: Callable[[], object], times: int) -> float:
    begun = time.process_time()
    for _ in range(times):
        run()
    return (time.process_time() - begun) / times


if __name__ == "__main__":
    found = measure([Path(argument) for argument in sys.argv[1:]])
    out.print(table(found.title, found.columns, found.rows))
    out.print(*found.notes, sep="\n")
