"""What a check of a campaign's content or sender has to say (D8)."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum


class Severity(StrEnum):
    """Whether a finding stops the review."""

    ERROR = "error"  #: blocks: the campaign is rejected
    WARNING = "warning"  #: shown, and does not block
    UNKNOWN = "unknown"  #: somebody who was asked did not say: shown, and never blocks


_ORDER = tuple(Severity)
MOST_OF_A_RULE = 20  #: findings that are told one by one


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a campaign, for people: what, where, and how to mend it."""

    rule: str  #: id of the rule, stable: policies and docs refer to it
    severity: Severity
    place: str  #: where it is: "subject", "html", "html, line 7", "text", "sender", "organisation"
    text: str  #: what is wrong, in one sentence
    fix: str  #: what to do about it, in one sentence


@dataclass(frozen=True, slots=True)
class ReviewRule:
    """One thing that a review looks for. Each finding names the one that it is about."""

    id: str
    severity: Severity  #: unless the policy says another
    place: str
    fix: str
    scored: bool = False  #: a sum of points: below the upper threshold it is a warning, whatever its severity
    fixed: bool = False  #: no policy changes its severity

    def finding(self, text: str, *, place: str | None = None, fix: str | None = None) -> Finding:
        """That this is wrong."""
        return Finding(self.id, self.severity, place or self.place, text, fix or self.fix)


def blocking(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings for which the review rejects the campaign."""
    return tuple(finding for finding in findings if finding.severity is Severity.ERROR)


def condensed(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The first `MOST_OF_A_RULE` of each rule, and how many more there are: a thousand dead links are no report."""
    seen: Counter[str] = Counter()
    more: dict[str, Finding] = {}
    for finding in findings:
        seen[finding.rule] += 1
        if seen[finding.rule] <= MOST_OF_A_RULE:
            yield finding
        else:
            more.setdefault(finding.rule, finding)
    for rule, finding in more.items():
        yield replace(finding, place="content", text=f"the same {seen[rule] - MOST_OF_A_RULE:,} times more")


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors, then warnings, then what nobody knows; otherwise in their order."""
    return tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.severity)))
