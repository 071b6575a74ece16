"""How strict a review is: the policy file, a mistake at a time."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from domain.errors import InvalidDefinition
from domain.findings import Finding, Severity
from domain.policy import Policy, Thresholds, default_policy, policy_of
from domain.review_rules import RULES, SECTIONS

E, W, U = Severity.ERROR, Severity.WARNING, Severity.UNKNOWN
SHORTENER = Finding("link-shortener", W, "html", "…", "…")
WORDING = Finding("spam-wording", W, "content", "…", "…")
DOUBT = Finding("unchecked-asset", U, "html", "…", "…")


def severities(policy: Policy, *findings: Finding) -> list[Severity]:
    return [each.severity for each in policy.judged(findings)]


def test_the_shipped_file_names_every_rule_with_the_severity_that_it_has() -> None:
    shipped = tomllib.loads((resources.files("domain") / "review_policy.toml").read_text())
    assert shipped["severity"] == {rule.id: rule.severity.value for rule in RULES.values()}
    assert default_policy().thresholds == Thresholds()


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_test_that_names_it(rule: str) -> None:
    tests = Path(__file__).parents[1]
    files = [*tests.glob("domain/test_*.py"), *tests.glob("handlers/test_*.py")]
    assert any(f'"{rule}"' in each.read_text() for each in files), rule


def test_no_two_rules_have_one_name() -> None:
    assert len(RULES) == sum(len(rules) for rules in SECTIONS.values())


def test_a_severity_of_the_organisation_replaces_the_default_and_the_rest_stays() -> None:
    policy = policy_of('[severity]\nlink-shortener = "error"', "own.toml")
    assert severities(policy, DOUBT, SHORTENER) == [E, U]
    assert severities(default_policy(), SHORTENER) == [W]


def test_a_rule_that_is_off_finds_nothing() -> None:
    assert severities(policy_of('[severity]\nlink-shortener = "off"', "own.toml"), SHORTENER) == []


@pytest.mark.parametrize(
    ("said", "points_say", "severity"), [("error", W, W), ("error", E, E), ("warning", E, W), ("warning", W, W)]
)
def test_of_a_scored_rule_the_points_decide_and_the_policy_how_far_they_go(
    said: str, points_say: Severity, severity: Severity
) -> None:
    policy = policy_of(f'[severity]\nspam-wording = "{said}"', "own.toml")
    assert severities(policy, replace(WORDING, severity=points_say)) == [severity]


def test_thresholds_replace_the_default_ones_by_name() -> None:
    policy = policy_of("[thresholds]\nspam_score_error = 7", "own.toml")
    assert policy.thresholds == Thresholds(spam_score_error=7)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[severity]\nlink-shortner = "off"', "there is no rule 'link-shortner'; did you mean 'link-shortener'?"),
        ('[severity]\nlink-shortener = "fatal"', "link-shortener is 'fatal'; it can be error, warning, off"),
        ("[severity]\nlink-shortener = 1", "link-shortener is 1; it can be error, warning, off"),
        ('[severity]\nsender-dns-unknown = "error"', "sender-dns-unknown is 'error'; it can be warning, unknown, off"),
        ('[severity]\nno-company-details = "off"', "no-company-details is 'off'; it can be error"),
        (
            "[thresholds]\nspam_scor_error = 1",
            "there is no threshold 'spam_scor_error'; did you mean 'spam_score_error'?",
        ),
        ('[thresholds]\nspam_score_error = "5"', "spam_score_error is '5'; it can be a number of points above 0"),
        ("[thresholds]\nspam_score_error = nan", "spam_score_error is nan"),
        ("[thresholds]\nspam_score_error = true", "spam_score_error is True"),
        ("[thresholds]\nspam_score_error = 2", r"spam_score_warning \(3\) is above spam_score_error \(2\)"),
        ('[severities]\nx = "off"', "there is no table 'severities'; did you mean 'severity'?"),
        ("severity = 3", "there is no rule 'severity'"),
        ("[severity", "own.toml: Expected"),
    ],
)
def test_a_mistake_in_the_file_is_told(text: str, said: str) -> None:
    with pytest.raises(InvalidDefinition, match=said) as told:
        policy_of(text, "own.toml")
    assert str(told.value).startswith("own.toml: ")


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(InvalidDefinition, match=r"'a'.*'b'.*'c'"):
        policy_of('[severity]\na = "off"\nb = "off"\n[thresholds]\nc = 1', "own.toml")


def test_a_finding_of_no_rule_keeps_its_severity() -> None:
    """A rule of tomorrow, in a report of a newer version."""
    assert severities(default_policy(), Finding("of-tomorrow", E, "html", "…", "…")) == [E]
