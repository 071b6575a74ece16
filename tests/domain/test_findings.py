from domain.findings import Finding, Severity, blocking


def test_only_errors_block() -> None:
    error = Finding("gtube", Severity.ERROR, "content", "…", "…")
    warning = Finding("missing-alt", Severity.WARNING, "html", "…", "…")
    assert blocking([warning, error]) == (error,)
