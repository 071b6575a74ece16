"""A plugin of pytest for the run of what failed beside others (tests/run.py): names those that passed alone."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for name in passed(terminalreporter):
        terminalreporter.write_line(f"beside others failed, alone passed: {name} - mend it", yellow=True)


def passed(reporter: pytest.TerminalReporter) -> list[str]:
    """Tests without any error, before or after them either."""
    bad = {report.nodeid for kind in ("failed", "error") for report in reporter.stats.get(kind, [])}
    return [report.nodeid for report in reporter.stats.get("passed", []) if report.nodeid not in bad]
