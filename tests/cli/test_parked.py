"""Which parked messages a command means, and what of a publisher's text reaches a terminal."""

from __future__ import annotations

import pytest
from rich.console import Console
from typer.testing import CliRunner

from cli import parked
from cli.parked_view import row, shown
from tests.builders import a_parked_message


@pytest.mark.parametrize("command", [["drop", "", "--yes"], ["drop", "ab", " ", "--yes"], ["replay", ""], ["list", ""]])
def test_an_empty_id_means_nothing_not_everything(command: list[str]) -> None:
    """`campaigns parked drop "$ID" --yes` with a variable that nobody set dropped all there was."""
    ended = CliRunner().invoke(parked.app, command)
    assert (ended.exit_code, "an id is empty" in ended.output) == (2, True)


def test_a_publishers_text_does_not_command_the_terminal() -> None:
    evil = "\x1b]0;owned\x07 said\x9b31m"
    message = a_parked_message(
        body=evil.encode(), error=evil, headers={evil: evil, "raw": b"\x1b[2J"}, content_type=evil
    )
    console = Console(width=200, record=True, quiet=True)
    console.print(shown(message))
    text = console.export_text() + "".join(map(str, row(message)))
    assert "owned" in text
    assert not {"\x1b", "\x07", "\x9b"} & set(text)
