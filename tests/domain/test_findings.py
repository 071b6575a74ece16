from domain.findings import Finding, Severity, blocking, condensed, worst_first

ERROR = Finding("gtube", Severity.ERROR, "content", "…", "…")
WARNING = Finding("missing-alt", Severity.WARNING, "html", "…", "…")
UNKNOWN = Finding("unchecked-asset", Severity.UNKNOWN, "html", "…", "…")


def test_only_errors_block() -> None:
    assert blocking([WARNING, UNKNOWN, ERROR]) == (ERROR,)


def test_the_worst_comes_first_and_what_nobody_knows_last() -> None:
    assert worst_first([UNKNOWN, WARNING, ERROR]) == (ERROR, WARNING, UNKNOWN)


def test_hundreds_of_one_rule_are_told_in_a_few_lines() -> None:
    found = list(condensed([*[UNKNOWN] * 1_300, ERROR]))
    assert found[:20] == [UNKNOWN] * 20
    assert (found[20], found[21].text, len(found)) == (ERROR, "the same 1,280 times more", 22)
    assert (found[21].rule, found[21].severity) == (UNKNOWN.rule, Severity.UNKNOWN)
