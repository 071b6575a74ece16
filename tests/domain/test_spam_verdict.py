"""What the points of a spam engine mean (R59)."""

from __future__ import annotations

import pytest

from domain.findings import Severity
from domain.spam_verdict import EngineAway, SpamHit, SpamVerdict, spam_findings

HITS = (SpamHit(0.7, "DIET_1", "Lose weight"), SpamHit(-1.0, "DKIM_VALID", "Signed"), SpamHit(3.1, "PILL", "Pills"))


@pytest.mark.parametrize(
    ("points", "severity"),
    [(-1.2, None), (2.9, None), (3.0, Severity.WARNING), (4.9, Severity.WARNING), (5.0, Severity.ERROR)],
)
def test_r59_points_warn_from_one_threshold_and_block_from_the_other(points: float, severity: Severity | None) -> None:
    found = spam_findings(SpamVerdict(points, HITS), warn_from=3, block_from=5)
    assert [(each.rule, each.severity) for each in found] == ([("spam-score", severity)] if severity else [])


def test_the_rules_that_cost_points_are_told_the_worst_first() -> None:
    [found] = spam_findings(SpamVerdict(6.2, HITS), warn_from=3, block_from=5)
    assert found.text == (
        "SpamAssassin gives it 6.2 points (warning from 3, error from 5): 3.1 PILL (Pills); 0.7 DIET_1 (Lose weight)"
    )


def test_an_engine_that_is_away_blocks_nothing_and_is_told() -> None:
    [found] = spam_findings(EngineAway("nobody there"), warn_from=3, block_from=5)
    assert (found.rule, found.severity) == ("spam-engine-away", Severity.UNKNOWN)
    assert "nobody there" in found.text
