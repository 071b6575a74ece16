"""The lint of templates and of spam: what passes, what does not, and that the docs say so."""

import pytest

from domain.findings import Severity
from domain.organisation import Organisation
from domain.predesigned import predesigned
from domain.template import TemplateSource
from domain.template_lint import EXAMPLE, judged
from tests.lint_table import PAGE, rows


def test_r59_our_templates_pass_and_every_spam_text_is_rejected() -> None:
    verdicts = dict(line.strip("| ").split(" | ")[:2] for line in rows(timed=False))
    assert {verdict for name, verdict in list(verdicts.items())[:9]} == {"passed"}
    assert list(verdicts.values())[9:] == ["rejected"] * 10


def test_the_table_of_the_docs_is_the_one_of_the_lint() -> None:
    written = [line.rpartition("|")[0].rpartition("|")[0] for line in PAGE.read_text(encoding="utf-8").splitlines()]
    stale = [line for line in rows(timed=False) if line.removesuffix(" |") not in [each.rstrip() for each in written]]
    assert stale == [], "run `python -m tests.lint_table`"


def test_a_template_is_judged_in_the_organisations_name() -> None:
    green = Organisation("Green Ltd", "1 Garden Lane, Springfield")
    found = judged(predesigned("newsletter").source(), green, "news@green.example")
    assert found.findings == ()
    assert found.rendered is not None
    assert "1 Garden Lane, Springfield" in found.rendered.text


def test_before_there_are_company_details_it_is_judged_with_made_up_ones() -> None:
    found = judged(predesigned("newsletter").source(), Organisation(), "news@green.example")
    assert found.rendered is not None
    assert (found.findings, EXAMPLE.postal_address in found.rendered.text) == ((), True)


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        (TemplateSource("Hello", html="<html lang=en><p>Hello"), "no-unsubscribe-link"),
        (TemplateSource("", text="{{ unsubscribe_url }} {{ organisation_postal_address }}"), "empty-subject"),
        (TemplateSource("Hello", html="<html lang=en>", text=" "), "no-words"),
    ],
)
def test_what_a_template_lacks_is_an_error(source: TemplateSource, rule: str) -> None:
    found = {each.rule: each.severity for each in judged(source, EXAMPLE, "news@green.example").findings}
    assert found[rule] is Severity.ERROR


def test_five_megabytes_are_refused_before_they_are_read() -> None:
    (found,) = judged(TemplateSource("Hello", html="<p>a</" * 833_333 + "bc"), EXAMPLE, "news@green.example").findings
    assert (found.rule, found.severity) == ("content-fails", Severity.ERROR)
    assert "html: 5,000,000 bytes are larger than the limit of 524,288" in found.text
