"""Who types a command, where the machine has no name for them."""

from __future__ import annotations

import getpass

import pytest

from cli.login import login


@pytest.mark.parametrize("error", [KeyError, OSError, ImportError])
def test_a_number_without_a_name_is_the_command_line(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    """A container runs as any number: KeyError of pwd up to Python 3.12, OSError from 3.13 on."""

    def nobody() -> str:
        raise error("uid not found")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert login() == "cli"
