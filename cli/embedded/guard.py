"""Waits for the end of the process that started it, then takes the servers of a directory down.

`python -m cli.embedded.guard STATE_DIR`, with a pipe as standard input that the starter keeps open.
"""

import sys
from pathlib import Path


def watch(state_dir: Path) -> None:
    """Returns when the starter is gone and nothing of the directory runs."""
    sys.stdin.buffer.read()
    from cli.embedded import servers  # only now: it waits for hours and should be small while it does

    servers.down(state_dir, say=lambda _: None)


if __name__ == "__main__":
    watch(Path(sys.argv[1]).absolute())
