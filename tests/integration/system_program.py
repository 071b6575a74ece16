"""Servers that system packages bring, installed when a test needs one."""

from __future__ import annotations

import os
import shutil

import pytest

from cli.embedded import CannotStart
from cli.embedded.install import ensure_packages

_SBIN = "/usr/sbin:/usr/local/sbin"


def program(name: str) -> str:
    """The path of a program, out of the package of the same name. Skips the test, saying why, where there is none."""
    if not _found(name):
        try:
            ensure_packages((name,), say=print)
        except CannotStart as error:
            pytest.skip(f"there is no {name} here: {error}")
    path = _found(name)
    assert path, f"the package was installed, and brings no {name} command"
    return path


def _found(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_SBIN}")
