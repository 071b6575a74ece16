"""The tables of rules: every example is met by its rule and by none before it, and no table is taken on trust."""

from __future__ import annotations

import time
from importlib import resources

import pytest

from domain.classification.mail_rules import mail_rules, parsed_mail_rules
from domain.classification.reasons import DEAD, MEANING, OURS, Effect, Reason
from domain.classification.rules import RuleTable, normal, parsed_rules, reply_rules
from domain.errors import InvalidDefinition

RULES = reply_rules().rules
MAIL_RULES = mail_rules().rules
GOOD = """
[[rule]]
id = "one"
reason = "user_unknown"
pattern = 'no such user'
source = "test"
example = "550 no such user"
"""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_an_example_is_met_by_its_rule_and_by_none_before_it(rule: object) -> None:
    assert reply_rules().first(normal(rule.example)) is rule  # type: ignore[attr-defined]


@pytest.mark.parametrize("rule", MAIL_RULES, ids=lambda rule: rule.id)
def test_an_example_of_a_mail_is_met_by_its_rule(rule: object) -> None:
    found = mail_rules().met({rule.field: rule.example.lower()})  # type: ignore[attr-defined]
    assert found.get((rule.kind, rule.field)) == rule.id  # type: ignore[attr-defined]


def test_every_reason_has_a_meaning_and_only_dead_ones_suppress() -> None:
    assert MEANING.keys() == set(Reason)
    assert {reason for reason, meaning in MEANING.items() if meaning.permanent is Effect.HARD} == DEAD
    assert not DEAD & OURS


def test_the_tables_are_part_of_the_package() -> None:
    shipped = {file.name for file in resources.files("domain.classification").iterdir()}
    assert {"rules.toml", "mail_rules.toml"} <= shipped


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("[[rule]]", "[[rule"), "no TOML"),
        (("[[rule]]", "[other]"), r"no \[\[rule\]\]"),
        (('id = "one"', ""), "rule number 1: id is missing"),
        (('source = "test"', ""), "rule one: source is missing"),
        (('"user_unknown"', '"gone"'), "rule one: reason 'gone' is none of user_unknown"),
        (('source = "test"', 'source = "test"\nverdict = "dead"'), "rule one: verdict 'dead' is none of hard, soft"),
        (('source = "test"', 'source = "test"\nscope = "all"'), "rule one: scope 'all' is none of recipient"),
        (('source = "test"', 'source = "test"\nclass = 3'), "rule one: class is 4 or 5"),
        (('source = "test"', 'source = "test"\ncolour = "red"'), "rule one: nobody knows what colour is"),
        (("no such user'", "no such (user'"), "rule one: RE2 can't read the pattern"),
        (("no such user'", "no such (?=user)'"), "rule one: RE2 can't read the pattern"),
        (("no such user'", "(no such user)?'"), "rule one: the pattern matches every text"),
        (("no such user'", "No such user'"), "rule one: texts are matched in lower case"),
    ],
)
def test_a_wrong_table_is_refused_with_the_rule_and_the_reason(change: tuple[str, str], complaint: str) -> None:
    with pytest.raises(InvalidDefinition, match=complaint):
        parsed_rules(GOOD.replace(*change))


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidDefinition, match="rule one: there are two of this id"):
        parsed_rules(GOOD + GOOD)


@pytest.mark.parametrize("text", ["[[rule", "[other]\n", '[[rule]]\nid = "x"\n', GOOD])
def test_a_wrong_table_of_mail_rules_is_refused(text: str) -> None:
    with pytest.raises(InvalidDefinition, match="rule"):
        parsed_mail_rules(text)


def test_the_first_rule_of_the_right_class_decides() -> None:
    later = GOOD.replace('"one"', '"passing"').replace('source = "test"', 'source = "test"\nclass = 4')
    table = RuleTable(parsed_rules(later + GOOD))
    assert [table.first("no such user", permanent).id for permanent in (False, True)] == ["passing", "one"]  # type: ignore[union-attr]
    assert table.first("all is well") is None


def test_words_of_a_servers_own_reply_mean_nothing_in_a_notice() -> None:
    text = normal("if you think this is spam, ask your administrator")
    assert reply_rules().first(text) is not None
    assert reply_rules().first(text, told=True) is None


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("550 5.1.1 <Ann@B.example>: User unknown", "<addr>: user unknown"),
        ("550-5.7.26 This mail\n 550 5.7.26 is  not", "this mail is not"),
        ("Can’t find a@b.example", "can't find <addr>"),
        ("see OFR_506 [506] at 10.5.1.1", "see ofr_506 [506] at 10.5.1.1"),
    ],
)
def test_rules_see_a_text_in_normal_form(text: str, normalised: str) -> None:
    assert normal(text) == normalised


#: Beginnings of what patterns look for, without the end: what makes a backtracking matcher slow.
_UNITS = sorted({word for rule in RULES for word in normal(rule.example).split()})


@pytest.mark.parametrize("start", range(0, len(_UNITS), 40))
def test_no_pattern_is_slower_than_linear(start: int) -> None:
    """Eight times the text takes no more than some eight times the time; a quadratic one would take 64 times."""
    reply_rules().first("warm")
    for unit in _UNITS[start : start + 40]:
        short, long = (f"{unit} " * (size // (len(unit) + 1)) for size in (2_000, 16_000))
        assert _took_s(long) < 40 * _took_s(short) + 0.01


def _took_s(text: str) -> float:
    best = 1.0
    for _ in range(2):
        begun = time.process_time()
        reply_rules().first(text)
        best = min(best, time.process_time() - begun)
    return best
