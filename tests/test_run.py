"""`make test`: what failed beside others decides nothing before it has failed alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.run import beside_others

ROOT = Path(__file__).parents[1]
CROWDED = """
import os

def test_crowded():
    assert "PYTEST_XDIST_WORKER" not in os.environ
"""
WRONG = """
def test_wrong():
    assert False
"""
FINE = """
def test_fine():
    pass
"""
LOSES_ITS_PROCESSES = """
def pytest_xdist_node_collection_finished():
    raise RuntimeError("lost")
"""
PASSED_ALONE = "beside others failed, alone passed: test_crowded.py::test_crowded - mend it"


@pytest.mark.parametrize(
    ("arguments", "processes", "spread"),
    [
        ([], "auto", ["-n", "auto", "--dist", "loadgroup"]),
        (["-k", "foo"], "2", ["-n", "2", "--dist", "loadgroup"]),
        ([], "0", []),
        ([], "", []),
        (["--pdb"], "auto", []),
    ],
)
def test_tests_run_side_by_side_unless_one_process_is_wanted(
    arguments: list[str], processes: str, spread: list[str]
) -> None:
    assert beside_others(arguments, processes) == spread


def typed(directory: Path, *arguments: str, processes: str = "2", **tests: str) -> tuple[int, list[str]]:
    """Exit code and lines of `make test` in a house with these tests."""
    for name, text in tests.items():
        (directory / f"test_{name}.py").write_text(text)
    # The processes of this run are another run's others.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.run", *arguments],
        cwd=directory,
        env={**inherited, "PYTHONPATH": str(ROOT), "SIDE_BY_SIDE": processes},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


def test_what_fails_beside_others_only_is_named_and_fails_nothing(tmp_path: Path) -> None:
    code, said = typed(tmp_path, crowded=CROWDED, fine=FINE)
    assert (code, PASSED_ALONE in said) == (0, True)
    assert "1 passed" in said[-1]


def test_what_fails_alone_too_fails(tmp_path: Path) -> None:
    code, said = typed(tmp_path, crowded=CROWDED, wrong=WRONG)
    assert (code, PASSED_ALONE in said) == (pytest.ExitCode.TESTS_FAILED, True)
    assert "1 failed, 1 passed" in said[-1]


@pytest.mark.parametrize(
    ("arguments", "tests", "code"),
    [
        (["--nonsense"], {"crowded": CROWDED}, pytest.ExitCode.USAGE_ERROR),
        (["-k", "nowhere"], {"crowded": CROWDED}, pytest.ExitCode.NO_TESTS_COLLECTED),
        (["-x"], {"crowded": CROWDED}, pytest.ExitCode.INTERRUPTED),  # the others were not run
        ([], {"crowded": CROWDED, "unreadable": "import nowhere"}, pytest.ExitCode.INTERRUPTED),
    ],
)
def test_what_is_no_failed_test_is_not_repeated(
    tmp_path: Path, arguments: list[str], tests: dict[str, str], code: pytest.ExitCode
) -> None:
    ended, said = typed(tmp_path, *arguments, **tests)
    assert (ended, PASSED_ALONE in said) == (code, False)


def test_in_one_process_nothing_is_repeated_and_a_file_is_all_that_is_run(tmp_path: Path) -> None:
    code, said = typed(tmp_path, "test_fine.py", processes="0", fine=FINE, wrong=WRONG)
    assert (code, "1 passed" in said[-1]) == (0, True)
    code, said = typed(tmp_path, processes="0")
    assert (code, "1 failed, 1 passed" in said[-1]) == (pytest.ExitCode.TESTS_FAILED, True)


def test_all_are_repeated_in_one_process_when_the_processes_lose_each_other(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(LOSES_ITS_PROCESSES)
    code, said = typed(tmp_path, crowded=CROWDED, fine=FINE)
    assert (code, PASSED_ALONE in said, "2 passed" in said[-1]) == (0, False, True)
