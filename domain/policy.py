"""How strict a review is: the severity of each rule, and thresholds, out of a TOML file.

`review_policy.toml` beside this file is the default. An organisation's own file holds only what it wants otherwise.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Any

from domain.errors import InvalidDefinition
from domain.findings import Finding, ReviewRule, Severity, condensed, worst_first
from domain.review_rules import RULES

OFF = "off"
_FILE = resources.files("domain") / "review_policy.toml"
_ORDER = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Points from which a content is warned about, and from which it is stopped."""

    spam_score_warning: float = 3.0  #: of SpamAssassin, whose own default calls 5 spam
    spam_score_error: float = 5.0
    spam_wording_warning: float = 3.0  #: of our own list of phrases
    spam_wording_error: float = 8.0


@dataclass(frozen=True, slots=True)
class Policy:
    severities: Mapping[str, Severity | None] = field(default_factory=dict)  #: by rule id; None: the rule is off
    thresholds: Thresholds = Thresholds()

    def judged(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings as the policy takes them, the worst first; those of rules that are off are left out."""
        return worst_first(condensed(judged for finding in findings for judged in self._judged(finding)))

    def severity_of(self, rule: ReviewRule) -> Severity | None:
        """None: it is off."""
        return self.severities.get(rule.id, rule.severity)

    def _judged(self, finding: Finding) -> Iterator[Finding]:
        rule = RULES.get(finding.rule)
        severity = self.severity_of(rule) if rule is not None else finding.severity
        if severity is None:
            return
        if rule is not None and rule.scored:  # its points decide, and the policy says how far they may go
            severity = max(severity, finding.severity, key=_ORDER.index)
        yield replace(finding, severity=severity)


@cache
def default_policy() -> Policy:
    """The policy of the file that is shipped."""
    return policy_of(_FILE.read_text(encoding="utf-8"), "review_policy.toml", Policy())


def policy_of(text: str, name: str, on: Policy | None = None) -> Policy:
    """The policy `on` (the default one) with what the text of the file `name` changes of it.

    Raises:
        InvalidDefinition: it is no TOML, or names what there is not; the text says each.
    """
    before = default_policy() if on is None else on
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidDefinition(f"{name}: {error}") from error
    severities, thresholds = _table(given, "severity"), _table(given, "thresholds")
    unknown = [f"there is no table {table!r}{_meant(table, _TABLES)}" for table in given if table not in _TABLES]
    problems = [*unknown, *_wrong_severities(severities), *_wrong_thresholds(thresholds)]
    if problems:
        raise InvalidDefinition(f"{name}: {'; '.join(problems)}")
    chosen = {rule: None if said == OFF else Severity(said) for rule, said in severities.items()}
    found = Policy({**before.severities, **chosen}, replace(before.thresholds, **thresholds))
    if crossed := list(_crossed(found.thresholds)):
        raise InvalidDefinition(f"{name}: {'; '.join(crossed)}")
    return found


_TABLES = ("severity", "thresholds")
_THRESHOLDS = tuple(each.name for each in fields(Thresholds))


def _table(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = given.get(name, {})
    return table if isinstance(table, dict) else {name: table}


def _wrong_severities(given: Mapping[str, Any]) -> Iterator[str]:
    for rule_id, said in given.items():
        rule = RULES.get(rule_id)
        if rule is None:
            yield f"there is no rule {rule_id!r}{_meant(rule_id, RULES)}"
        elif said not in _allowed(rule):
            yield f"{rule_id} is {said!r}; it can be {', '.join(_allowed(rule))}"


def _allowed(rule: ReviewRule) -> tuple[str, ...]:
    """What nobody knows never blocks, and what the law or the content itself demands cannot be let pass."""
    if rule.fixed:
        return (rule.severity,)
    if rule.severity is Severity.UNKNOWN:
        return (Severity.WARNING, Severity.UNKNOWN, OFF)
    return (Severity.ERROR, Severity.WARNING, OFF)


def _wrong_thresholds(given: Mapping[str, Any]) -> Iterator[str]:
    for name, points in given.items():
        if name not in _THRESHOLDS:
            yield f"there is no threshold {name!r}{_meant(name, _THRESHOLDS)}"
        elif isinstance(points, bool) or not isinstance(points, int | float) or not 0 < points < 1_000_000:
            yield f"{name} is {points!r}; it can be a number of points above 0"


def _crossed(given: Thresholds) -> Iterator[str]:
    for name in ("spam_score", "spam_wording"):
        warning, error = getattr(given, f"{name}_warning"), getattr(given, f"{name}_error")
        if warning > error:
            yield f"{name}_warning ({warning:g}) is above {name}_error ({error:g})"


def _meant(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), 1)
    return f"; did you mean {close[0]!r}?" if close else ""
