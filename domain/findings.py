"""What a check of a campaign's content or sender has to say (D8)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Whether a finding stops the review."""

    ERROR = "error"  #: blocks: the campaign is rejected
    WARNING = "warning"  #: shown, and does not block


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a campaign, for people: what, where, and how to mend it."""

    rule: str  #: id of the rule, stable: policies and docs refer to it
    severity: Severity
    place: str  #: where it is: "subject", "html", "text", "sender", "organisation"
    text: str  #: what is wrong, in one sentence
    fix: str  #: what to do about it, in one sentence


def blocking(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings for which the review rejects the campaign."""
    return tuple(finding for finding in findings if finding.severity is Severity.ERROR)
