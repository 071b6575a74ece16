"""Writes the table of rules of docs/review.md: `python -m cli.review_reference [--check]`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from domain.findings import ReviewRule
from domain.review_rules import SECTIONS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "review.md"
BEGIN, END = "<!-- rules: begin -->", "<!-- rules: end -->"
HEAD = "| rule | severity | where | what to do |\n|---|---|---|---|\n"


def page(text: str) -> str:
    """The page with its table made anew between the two markers."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{''.join(_lines())}{END}{after}"


def main(arguments: list[str]) -> int:
    """Write the page; with --check only say whether it is current."""
    written = PAGE.read_text(encoding="utf-8")
    if (current := page(written)) == written:
        return 0
    if "--check" in arguments:
        print("docs/review.md is not current: python -m cli.review_reference")
        return 1
    PAGE.write_text(current, encoding="utf-8")
    return 0


def _lines() -> Iterator[str]:
    for title, rules in SECTIONS.items():
        yield f"\n**{title}**\n\n{HEAD}"
        for rule in rules:
            yield f"| `{rule.id}` | {_severity(rule)} | {rule.place} | {rule.fix.replace('<', '&lt;')} |\n"
    yield "\n"


def _severity(rule: ReviewRule) -> str:
    note = ", by its points" * rule.scored or ", always" * rule.fixed
    return f"{rule.severity}{note}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
