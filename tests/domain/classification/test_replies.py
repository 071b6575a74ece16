"""Replies of real mail servers, written down from knowledge of the vendors.

docs/classification.md has the first scores. A line is `reason|reason<TAB>stage<TAB>reply`: any of the
reasons is right, where vendors themselves mean both.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.classification.reasons import DEAD, Reason
from domain.smtp_reply import Reply, Stage, is_dead, verdict

FILES = sorted((Path(__file__).parent / "replies").glob("*.tsv"))


def labelled(path: Path) -> list[tuple[frozenset[Reason], Reply]]:
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    return [
        (frozenset(map(Reason, reasons.split("|"))), Reply(int(text[:3]), text[4:], Stage(stage)))
        for reasons, stage, text in rows
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_reason_is_one_of_those_it_can_be(path: Path) -> None:
    """Two in a hundred may be told otherwise when a rule changes."""
    rows = labelled(path)
    missed = [f"{verdict(reply).reason}: {reply.text}" for right, reply in rows if verdict(reply).reason not in right]
    assert len(missed) <= len(rows) * 0.02, missed


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nobody_is_taken_for_dead_who_is_not(path: Path) -> None:
    assert [reply.text for right, reply in labelled(path) if is_dead(reply) and not right & DEAD] == []
