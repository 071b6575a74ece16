"""What the lint makes of the product's templates and of ten spam texts, as the tables of docs/templates.md:
`python -m tests.lint_table [--print]`.

The texts are ours, written for it: tests/spam/*.eml. Half of what they do is right (most have a postal address and an
unsubscribe link), so that it is the wording and the tricks that count.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.utils import parseaddr
from pathlib import Path

from domain.findings import Finding, blocking
from domain.lint import Sample, lint
from domain.predesigned import predesigned_templates
from domain.template import compiled
from domain.template_html import text_of
from tests.sample_values import SAMPLE_VALUES

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "templates.md"
BEGIN, END = "<!-- lint: begin -->", "<!-- lint: end -->"
HEAD = "| content | verdict | findings | ms |\n|---|---|---|---|\n"
_TRIES = 5


def templates() -> Iterator[tuple[str, Sample]]:
    """Each template of the product as the made-up reader gets it."""
    for name, template in predesigned_templates().items():
        rendered = compiled(template.source()).render(SAMPLE_VALUES)
        yield name, _sample(rendered.subject, rendered.html, rendered.text, "news@shop.example")


def spam() -> Iterator[tuple[str, Sample]]:
    """Each spam text, by the name of its file."""
    for file in sorted((ROOT / "tests" / "spam").glob("*.eml")):
        mail = message_from_bytes(file.read_bytes(), policy=policy.default)
        written, sender = mail.get_content(), parseaddr(mail["From"])[1]
        html = written if mail.get_content_type() == "text/html" else None
        yield file.stem, _sample(mail["Subject"], html, text_of(html) if html else written, sender)


def _sample(subject: str, html: str | None, text: str, sender: str) -> Sample:
    ways_out, address = SAMPLE_VALUES["unsubscribe_url"], SAMPLE_VALUES["organisation_postal_address"]
    return Sample(subject, html, text, sender, ways_out, address)


def rows(*, timed: bool = True) -> Iterator[str]:
    """The lines of the table; the last column only when it is timed."""
    for name, sample in (*templates(), *spam()):
        found = lint(sample)
        said = ", ".join(f"`{each.rule}`" for each in found) or "none"
        yield f"| {name} | {_verdict(found)} | {said} |" + (f" {_best_ms(sample):.1f} |" if timed else "")


def page(text: str) -> str:
    """docs/templates.md with its table made anew between the two markers."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    lines = "\n".join(rows())
    return f"{before}{BEGIN}\n{HEAD}{lines}\n{END}{after}"


def _verdict(found: tuple[Finding, ...]) -> str:
    if blocking(found):
        return "rejected"
    return "warned" if found else "passed"


def _best_ms(sample: Sample) -> float:
    return min(_ms(sample) for _ in range(_TRIES))


def _ms(sample: Sample) -> float:
    begun = time.perf_counter()
    lint(sample)
    return (time.perf_counter() - begun) * 1000


def main(arguments: list[str]) -> int:
    """Write the table into the page, or print it."""
    if arguments == ["--print"]:
        print(HEAD + "\n".join(rows()))
        return 0
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
