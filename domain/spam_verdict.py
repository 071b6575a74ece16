"""What a spam engine says of one email, and what that means for the campaign (R59)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from domain.findings import Finding, ReviewRule, Severity

SPAM_SCORE = ReviewRule(
    "spam-score", Severity.ERROR, "content", "Change what the rules with the most points name.", scored=True
)
ENGINE_AWAY = ReviewRule(
    "spam-engine-away",
    Severity.UNKNOWN,
    "content",
    "Start spamd, or mend CAMPAIGNS_REVIEW__SPAMD_HOST; then reopen the campaign and review it again.",
)
RULES = (SPAM_SCORE, ENGINE_AWAY)
_SHOWN = 5  #: of the rules that an email broke


@dataclass(frozen=True, slots=True)
class SpamHit:
    """One rule of the engine that the email broke."""

    points: float
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class SpamVerdict:
    score: float
    hits: tuple[SpamHit, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineAway:
    """There is no verdict; the reason in words."""

    why: str


def spam_findings(said: SpamVerdict | EngineAway, warn_from: float, block_from: float) -> tuple[Finding, ...]:
    """Nothing below `warn_from` points, a warning up to `block_from`, an error from there on."""
    if isinstance(said, EngineAway):
        return (ENGINE_AWAY.finding(f"the spam engine did not judge it: {said.why}"),)
    if said.score < warn_from:
        return ()
    text = f"SpamAssassin gives it {said.score:g} points (warning from {warn_from:g}, error from {block_from:g})"
    found = SPAM_SCORE.finding(f"{text}{_told(said.hits)}")
    severity = Severity.ERROR if said.score >= block_from else Severity.WARNING
    return (Finding(found.rule, severity, found.place, found.text, found.fix),)


def _told(hits: Iterable[SpamHit]) -> str:
    worst = sorted((hit for hit in hits if hit.points > 0), key=lambda hit: -hit.points)[:_SHOWN]
    told = "; ".join(f"{hit.points:g} {hit.name} ({hit.text})" for hit in worst)
    return f": {told}" if told else ""
