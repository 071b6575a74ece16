"""Who types a command."""

from __future__ import annotations

import getpass


def login() -> str:
    """Who types this, as the machine knows it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container runs as a number that has no name
        return "cli"
