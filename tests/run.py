"""`make test`: the tests side by side, and what failed beside others once more alone.

python -m tests.run [ARGUMENTS OF PYTEST]
SIDE_BY_SIDE  how many processes: auto (default) or a number; 0, or nothing, for one

A test that fails beside others and passes alone fails nobody's change, and is named for somebody to mend.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

import pytest

#: Programs that are run by themselves (`make bench`, `make chaos`).
NOT_HERE = ("--ignore=tests/benchmarks", "--ignore=tests/chaos")
#: What speaks with whoever typed it has the terminal to itself.
SPEAKING = frozenset({"-s", "--capture=no", "--pdb", "--trace"})
#: What tests.alone adds: who has passed after all.
ALONE = ("--last-failed", "--last-failed-no-failures=none", "-p", "tests.alone")


def beside_others(arguments: Sequence[str], processes: str) -> list[str]:
    """What makes pytest run in so many processes; nothing where it runs in one."""
    if processes in ("", "0") or SPEAKING.intersection(arguments):
        return []
    return ["-n", processes, "--dist", "loadgroup"]


def main(arguments: Sequence[str], processes: str) -> int:
    """The exit code of the run alone if there was one, else of the only one."""
    spread = beside_others(arguments, processes)
    code = run([*NOT_HERE, *spread, *arguments])
    if spread and code == pytest.ExitCode.TESTS_FAILED:
        print("\nSome failed beside others: these once more, alone.", flush=True)
        return run([*NOT_HERE, *arguments, "-n", "0", *ALONE])
    if spread and code == pytest.ExitCode.INTERNAL_ERROR:
        print("\nThe processes lost each other: all once more, in one.", flush=True)
        return run([*NOT_HERE, *arguments, "-n", "0"])
    return code  # nothing repeats what was interrupted or misspelt


def run(arguments: Sequence[str]) -> int:
    """The exit code of a pytest of its own."""
    with subprocess.Popen([sys.executable, "-m", "pytest", *arguments]) as running:
        while True:
            try:
                return running.wait()
            except KeyboardInterrupt:  # it is told as well, and stops its servers before it ends
                continue


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ.get("SIDE_BY_SIDE", "auto")))
