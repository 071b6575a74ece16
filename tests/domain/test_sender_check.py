"""What DNS says about the sender's domain, a rule at a time (D8)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.dmarc import organisation_of, walk
from domain.dns_texts import NO_ANSWER, Known, Texts
from domain.findings import Severity
from domain.sender_check import RULES, Identity, names_wanted, sender_findings
from domain.spf import spf
from tests.domain.dkim_world import a_key

KEY = a_key("green.shop")
GREEN = Identity("green.shop", "green.shop", KEY)
NEWS = Identity("news.green.shop", "bounce.green.shop", None, relay_signs=True)
GOOD = {
    "green.shop": ["v=spf1 ip4:192.0.2.1 ~all", "something else"],
    "s1._domainkey.green.shop": [KEY.record_value],
    "_dmarc.green.shop": ["v=DMARC1; p=none; rua=mailto:d@green.shop"],
}


def known(zone: dict[str, list[str]], silent: frozenset[str] = frozenset()) -> dict[str, Texts]:
    """Everything that is asked about the zone, answered."""
    names = {*zone, *silent}
    return {name: NO_ANSWER if name in silent else Texts(tuple(zone.get(name, ()))) for name in names}


def asked(sender: Identity, zone: dict[str, list[str]], silent: frozenset[str] = frozenset()) -> dict[str, Texts]:
    """Answers to every question, round by round, as the review asks them."""
    answers: dict[str, Texts] = {}
    while wanted := names_wanted(sender, answers):
        answers |= {name: NO_ANSWER if name in silent else Texts(tuple(zone.get(name, ()))) for name in wanted}
    return answers


def found(sender: Identity, zone: dict[str, list[str]], **more: Any) -> dict[str, Severity]:
    return {each.rule: each.severity for each in sender_findings(sender, asked(sender, zone, **more))}


def test_a_good_sender_has_no_findings() -> None:
    assert found(GREEN, GOOD) == {}


E_, W, U = Severity.ERROR, Severity.WARNING, Severity.UNKNOWN
FAR = {"far.shop": ["v=spf1 -all"], "_dmarc.green.shop": GOOD["_dmarc.green.shop"]}
TEN = {f"i{n}.shop": ["v=spf1 a mx -all"] for n in range(5)}
ALL_TEN = [f"include:{name}" for name in TEN]
INCLUDING = {"green.shop": ["v=spf1 include:a.shop -all"]}
STRICT = {"b.green.shop": ["v=spf1 -all"], "_dmarc.green.shop": ["v=DMARC1; p=none; aspf=s"]}
CASES: list[tuple[str, Severity, Identity, dict[str, list[str]]]] = [
    ("spf-missing", W, GREEN, GOOD | {"green.shop": ["no spf"]}),
    ("spf-broken", W, GREEN, GOOD | {"green.shop": ["v=spf1 -all", "v=spf1 ~all"]}),
    ("spf-broken", W, GREEN, GOOD | {"green.shop": ["v=spf1 include:nowhere.shop -all"]}),
    ("spf-broken", W, GREEN, GOOD | INCLUDING | {"a.shop": ["v=spf1 include:green.shop -all"]}),
    ("spf-broken", W, GREEN, GOOD | {"green.shop": ["v=spf1 ipv4:192.0.2.1 -all"]}),
    ("spf-open", E_, GREEN, GOOD | {"green.shop": ["v=spf1 +all"]}),
    ("spf-open", E_, GREEN, GOOD | {"green.shop": ["v=spf1 all"]}),
    ("spf-open", E_, GREEN, GOOD | {"green.shop": ["v=spf1 redirect=a.shop"], "a.shop": ["v=spf1 +all"]}),
    ("spf-open", E_, GREEN, GOOD | INCLUDING | {"a.shop": ["v=spf1 +all"]}),
    ("spf-too-many-lookups", W, GREEN, GOOD | TEN | {"green.shop": [f"v=spf1 {' '.join(ALL_TEN)} -all"]}),
    ("spf-unaligned", W, Identity("green.shop", "far.shop", KEY), GOOD | FAR),
    ("spf-unaligned", W, Identity("green.shop", "b.green.shop", KEY), GOOD | STRICT),
    ("dkim-not-published", E_, GREEN, GOOD | {"s1._domainkey.green.shop": []}),
    ("dkim-key-differs", E_, GREEN, GOOD | {"s1._domainkey.green.shop": ["v=DKIM1; k=rsa; p=AAAA"]}),
    ("dkim-key-differs", E_, GREEN, GOOD | {"s1._domainkey.green.shop": ["v=DKIM1; p="]}),  # revoked
    ("dkim-key-differs", E_, GREEN, GOOD | {"s1._domainkey.green.shop": [KEY.record_value, "v=DKIM1; p=AAAA"]}),
    ("dkim-testing", W, GREEN, GOOD | {"s1._domainkey.green.shop": [f"{KEY.record_value}; t=y:s"]}),
    ("dmarc-missing", E_, GREEN, GOOD | {"_dmarc.green.shop": []}),
    ("dmarc-missing", E_, GREEN, GOOD | {"_dmarc.green.shop": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}),
    ("dmarc-missing", E_, GREEN, GOOD | {"_dmarc.green.shop": ["v=DMARC1; p=nothing"]}),
    ("dmarc-unaligned", E_, Identity("green.shop", "far.shop", None), FAR),
    ("sample-sender-domain", W, Identity("green.example", "green.example", None), {}),
    ("sample-sender-domain", W, Identity("localhost", "localhost", None), {}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "severity", "sender", "zone"), CASES)
def test_d8_a_broken_rule_of_the_sender_is_found_and_no_other(
    rule: str, severity: Severity, sender: Identity, zone: dict[str, list[str]]
) -> None:
    assert found(sender, zone) == {rule: severity}


def test_d8_every_rule_of_the_sender_has_a_case() -> None:
    assert {rule.id for rule in RULES} - {case[0] for case in CASES} == {"sender-dns-unknown"}


@pytest.mark.parametrize("silent", [*GOOD, "_dmarc.shop"])
def test_no_answer_means_nothing_and_never_blocks(silent: str) -> None:
    """A time-out is unknown, whatever it was about."""
    zone = {name: texts for name, texts in GOOD.items() if name != silent}
    assert found(GREEN, zone, silent=frozenset({silent})) == {"sender-dns-unknown": U}


def test_no_answer_to_an_include_leaves_the_rest_of_spf_judged() -> None:
    zone = GOOD | {"green.shop": ["v=spf1 include:slow.shop +all"]}
    assert found(GREEN, zone, silent=frozenset({"slow.shop"})) == {"spf-open": E_, "sender-dns-unknown": U}


def test_when_nobody_answered_in_time_everything_is_unknown() -> None:
    [only] = sender_findings(GREEN, {})
    assert (only.rule, only.severity) == ("sender-dns-unknown", U)
    assert only.text.endswith("and 1 more")


def test_domains_of_one_organisation_are_aligned_through_its_record() -> None:
    zone = {"_dmarc.green.shop": ["v=DMARC1; p=reject; adkim=s"], "bounce.green.shop": ["v=spf1 -all"]}
    assert found(NEWS, zone) == {}


def test_a_strict_policy_takes_the_very_domain() -> None:
    zone = {"_dmarc.news.green.shop": ["v=DMARC1;p=none;aspf=s"], "bounce.green.shop": ["v=spf1 -all"]}
    assert found(NEWS, zone) == {"spf-unaligned": W}


def test_a_record_without_a_policy_but_with_an_address_for_reports_counts() -> None:
    assert found(GREEN, GOOD | {"_dmarc.green.shop": ["v=DMARC1; rua=mailto:d@green.shop"]}) == {}


def test_an_spf_that_ends_counts_nothing_after_its_end() -> None:
    """RFC 7208, 5.1."""
    assert found(GREEN, GOOD | {"green.shop": ["v=spf1 -all include:nowhere.shop redirect=nowhere.shop"]}) == {}


def test_exactly_ten_lookups_are_fine_and_a_bomb_of_includes_is_not_followed_on() -> None:
    """RFC 7208, 4.6.4."""
    ten = " ".join(f"a:h{n}.shop" for n in range(10))
    assert spf("green.shop", Known(known({"green.shop": [f"v=spf1 {ten} -all"]}))).lookups == 10
    bomb = {f"b{n}.shop": ["v=spf1 " + " ".join(f"include:b{n}x{m}.shop" for m in range(100))] for n in range(3)}
    zone = GOOD | bomb | {"green.shop": ["v=spf1 include:b0.shop include:b1.shop include:b2.shop -all"]}
    assert len(asked(GREEN, zone)) < 25


def test_macros_of_spf_are_not_followed() -> None:
    assert found(GREEN, GOOD | {"green.shop": ["v=spf1 include:%{i}._spf.green.shop exists:%{i}.x.shop -all"]}) == {}


# ---- RFC 9989, 4.10


def test_the_walk_of_a_long_name_skips_its_middle() -> None:
    long = "a.b.c.d.e.f.g.h.i.green.shop"
    assert list(walk(long)) == [
        long, "e.f.g.h.i.green.shop", "f.g.h.i.green.shop", "g.h.i.green.shop", "h.i.green.shop", "i.green.shop",
        "green.shop", "shop",
    ]  # fmt: skip
    assert list(walk("green.shop")) == ["green.shop", "shop"]


@pytest.mark.parametrize(
    ("records", "organisation"),
    [
        ({}, "a.b.green.shop"),
        ({"_dmarc.green.shop": "v=DMARC1; p=none"}, "green.shop"),
        ({"_dmarc.a.b.green.shop": "v=DMARC1; p=none", "_dmarc.green.shop": "v=DMARC1; p=none"}, "green.shop"),
        ({"_dmarc.b.green.shop": "v=DMARC1; p=none; psd=n", "_dmarc.green.shop": "v=DMARC1; p=none"}, "b.green.shop"),
        ({"_dmarc.shop": "v=DMARC1; p=none; psd=y"}, "green.shop"),  # the registry's own record
        ({"_dmarc.green.shop": "v=DMARC1; p=none; psd=y"}, "b.green.shop"),
    ],
)
def test_the_organisations_domain_is_found_by_walking_up(records: dict[str, str], organisation: str) -> None:
    assert organisation_of("a.b.green.shop", Known({n: Texts((text,)) for n, text in records.items()})) == organisation


WORDS = "v=spf1 v=DMARC1 v=DKIM1 include:green.shop redirect=a.shop all + p= t=y ; = :"
PIECES = st.sampled_from([" ", *WORDS.split()])
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=8).map("".join)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from([*GOOD, "a.shop", "_dmarc.shop"]), st.lists(TEXTS, max_size=2)))
def test_no_record_that_anybody_may_publish_breaks_the_check(zone: dict[str, list[str]]) -> None:
    rules = {rule.id for rule in RULES}
    assert found(GREEN, GOOD | zone).keys() <= rules
