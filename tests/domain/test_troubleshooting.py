"""Every code has its entry: what it means, why, what to do (R103)."""

from __future__ import annotations

import pytest

from domain import troubleshooting
from domain.review_rules import RULES
from domain.troubleshooting import KINDS, Kind, advice, matching, texts


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_code_has_an_entry_and_no_entry_is_of_a_code_that_is_gone(kind: Kind) -> None:
    assert sorted(texts()[kind.name]) == sorted(map(str, kind.codes))


def test_there_is_no_other_kind() -> None:
    assert set(texts()) == {kind.name for kind in KINDS}


def test_every_entry_says_what_it_means_why_and_what_to_do_in_sentences() -> None:
    wrong = [
        each.name
        for each in troubleshooting.every()
        for text in (each.means, each.why, each.do)
        if not (len(text) > 5 and text.rstrip(")").endswith("."))
    ]
    assert wrong == []


def test_what_to_do_about_a_finding_is_what_its_rule_says() -> None:
    found = advice("finding", "dead-link")
    assert found is not None
    assert found.do == RULES["dead-link"].fix
    assert all("do" not in entry for entry in texts()["finding"].values())


@pytest.mark.parametrize("text", ["skip.opted_out", "skip: opted out", "SKIP.OPTED-OUT"])
def test_a_code_is_found_as_people_write_it(text: str) -> None:
    assert [each.name for each in matching(text)] == ["skip.opted_out"]


def test_a_word_of_several_kinds_finds_all_of_them() -> None:
    assert [each.name for each in matching("opted_out")] == ["skip.opted_out", "sync.opted_out", "import.opted_out"]


def test_of_a_code_that_nobody_knows_there_is_nothing_to_say() -> None:
    assert advice("skip", "nonsense") is None
    assert matching("nonsense") == []
