"""Every command is known to change something, or only to look; what is noted of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from cli.audit_trail import CHANGES, LOOKS, outcome, several, subject
from cli.main import app
from config.settings import Settings
from domain.audit import DONE
from domain.errors import NotReady
from tests.builders import ADDRESS_KEY, an_id


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield " ".join(path), command
        return
    for name, each in command.commands.items():
        yield from commands(each, (*path, name))


COMMANDS = dict(commands(typer.main.get_command(app)))
KEYED = Settings.model_validate({"keys": {"address": ADDRESS_KEY.decode(), "tokens": "t" * 32}})


def test_every_command_changes_something_or_only_looks() -> None:
    """Say of a new command which it is, in cli/audit_trail.py."""
    assert sorted(COMMANDS) == sorted({*CHANGES, *LOOKS})
    assert not LOOKS & set(CHANGES)


@pytest.mark.parametrize("name", [name for name, (_, argument) in CHANGES.items() if argument])
def test_what_names_the_subject_is_a_parameter_of_the_command(name: str) -> None:
    assert CHANGES[name][1] in {each.name for each in COMMANDS[name].params}


def test_a_person_is_noted_by_the_contacts_id() -> None:
    noted = subject("contact opt-out", {"address": "Ann@Example.com"}, KEYED)
    assert noted == f"contact:{an_id('ann@example.com')}"


def test_a_campaign_is_noted_by_its_id_and_what_names_none_by_nothing_or_by_all() -> None:
    assert subject("campaign pause", {"campaign_id": "spring"}, KEYED) == "campaign:spring"
    assert subject("integration disable", {}, KEYED) == "integration:disable"
    assert subject("suppression import", {"file": "x.csv"}, KEYED) == ""
    assert subject("reclassify", {"campaign": None}, KEYED) == "campaigns"


def test_of_many_the_first_are_named_and_the_others_counted() -> None:
    assert several("contact", ["a"]) == "contact:a"
    assert several("contact", ["a", "b"]) == "contacts:a b"
    assert several("contact", [f"{number}" for number in range(1_012)]) == "contacts:0 1 2 3 4 5 6 7 8 9 and 1,002 more"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (None, DONE),
        (typer.Exit(0), DONE),
        (typer.Exit(1), "exit code 1"),
        (NotReady("x"), "not_ready"),
        (typer.BadParameter("x"), "wrong usage"),
        (KeyboardInterrupt(), "interrupted"),
    ],
)
def test_how_a_command_ended_is_told_in_a_word(error: BaseException | None, told: str) -> None:
    assert outcome(error) == told
