"""docs/review.md lists the rules that there are."""

from __future__ import annotations

import pytest

from cli import review_reference
from domain.review_rules import RULES


def test_the_written_table_of_rules_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert (review_reference.main(["--check"]), capsys.readouterr().out) == (0, "")


def test_the_table_has_every_rule_and_the_rest_of_the_page_stays() -> None:
    made = review_reference.page(f"before\n{review_reference.BEGIN}\nold\n{review_reference.END}\nafter\n")
    assert made.startswith("before\n")
    assert made.endswith("\nafter\n")
    assert all(f"| `{rule}` | " in made for rule in RULES)
    assert "\nold\n" not in made
