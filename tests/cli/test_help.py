"""Every command explains itself."""

import io
import os
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import cache
from typing import Any
from unittest import mock

import pytest
import typer
from typer.testing import CliRunner

from cli import context
from cli.main import app

#: They run until they are stopped, or only say what they do.
WITHOUT_RESULT = {"worker", "catch-mail", "demo", "down"}


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, inner in getattr(command, "commands", {}).items():
        if hasattr(inner, "commands"):
            yield from commands(inner, (*path, name))
        else:
            yield (*path, name), inner


#: Made once: a runner of Typer makes it for each question, which takes longer than the answer.
ALL = typer.main.get_command(app)
COMMANDS = dict(commands(ALL))


@cache
def help_of(*path: str) -> str:
    with redirect_stdout(io.StringIO()) as shown, mock.patch.dict(os.environ, {"COLUMNS": "120"}):
        assert ALL.main([*path, "--help"], prog_name="campaigns", standalone_mode=False) == 0
    return shown.getvalue()


def test_the_commands_are_those_of_the_brief() -> None:
    assert {" ".join(path) for path in COMMANDS} >= {
        "worker", "init", "up", "down", "publish", "explain", "status", "check", "keys", "catch-mail", "demo",
        "sync create", "sync edit", "sync show", "sync initiate", "sync backfill", "sync pause",
        "sync resume", "sync delete", "sync runs", "sync lacking", "sync skipped", "module describe", "module list",
        "module show", "list create", "list show",
        "list edit", "list members", "import people", "import show", "import undo", "contact show", "contact opt-in",
        "contact opt-out", "contact tracking", "suppression add", "suppression list",
        "suppression remove", "suppression import",
        "topic create", "topic edit", "topic show", "topic leave",
        "template list", "template show", "template save", "template lint",
        "inbound unattributed",
        "campaign create", "campaign edit", "campaign preview",
        "campaign show", "campaign summary", "campaign review", "campaign test",
        "campaign send", "campaign pause", "campaign resume", "campaign stop", "campaign cancel", "campaign reopen",
        "campaign unschedule",
    }  # fmt: skip


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_a_command_says_what_it_does_and_explains_every_parameter(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    assert command.help
    unexplained = [each.name for each in command.params if not each.help]
    assert unexplained == []
    assert " ".join(path) in help_of(*path)


@pytest.mark.parametrize("path", [path for path in COMMANDS if path[0] not in WITHOUT_RESULT], ids=" ".join)
def test_a_command_with_a_result_prints_it_as_json_too(path: tuple[str, ...]) -> None:
    assert "--json" in {option for each in COMMANDS[path].params for option in each.opts}


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_an_option_names_its_environment_variable(path: tuple[str, ...]) -> None:
    shown = help_of(*path)
    for parameter in COMMANDS[path].params:
        if parameter.envvar:
            assert f"[env var: {parameter.envvar}]" in " ".join(shown.replace("│", " ").split())


def test_what_every_command_takes_stands_at_the_top_with_its_variables() -> None:
    shown = help_of()
    for name in ("AMQP__URL", "MONGO__URL", "MONGO__DATABASE", "STATE_DIR", "LOG__LEVEL", "ASSUME_YES"):
        assert f"[env var: CAMPAIGNS_{name}]" in shown
    assert "Exit codes: 0 ok, 1 failed, 2 wrong usage or settings, 3 a server or the workers are away." in shown


@pytest.mark.parametrize(
    "path", [path for path in COMMANDS if path[-1] in {"review", "send", "schedule", "stop", "cancel", "delete"}]
)
def test_a_question_can_be_answered_in_advance(path: tuple[str, ...]) -> None:
    [yes] = [each for each in COMMANDS[path].params if each.name == "yes"]
    assert (yes.opts, yes.envvar) == (["--yes", "-y"], "CAMPAIGNS_ASSUME_YES")


@pytest.mark.parametrize(
    "arguments",
    [
        ["paint"],
        ["worker", "painter"],
        ["publish", "painted", "-"],
        ["publish", "record-changed", "nowhere.json"],
        ["import", "nowhere.csv", "--module", "Leads"],
        ["import", "--module", "Leads", "nowhere.csv"],
        ["import", "people", "examples/leads.csv"],
        ["import", "people", "examples/leads.csv", "--list", "news", "--module", "Leads"],
        ["import", "people", "examples/leads.csv", "--module", "Leads", "--topic", "offers"],
        ["import", "people", "examples/leads.csv", "--list", "news", "--basis", "consent"],
        ["import", "people", "examples/leads.csv", "--module", "Leads", "--delimiter", "::"],
        ["import", "people", "examples/leads.csv", "--module", "Leads", "--refused", "examples/leads.csv"],
        ["publish", "--from", "zoho", "nowhere.json"],
        ["publish", "snapshot-finished", "examples/zoho/update.json", "--from", "zoho"],
        ["publish", "record-changed"],
        ["contact", "show", "nobody"],
        ["contact", "opt-in", "ann@crm.example"],
        ["contact", "tracking", "ann@crm.example", "maybe"],
        ["suppression", "add", "ann@crm.example"],
        ["suppression", "remove", "ann@crm.example", "--reason", "erased", "--because", "x"],
        ["suppression", "remove", "ann@crm.example", "--reason", "manual", "--because", " "],
        ["list", "create", "two words"],
        ["explain", "spring", "nobody"],
        ["topic", "leave", "news", "nobody"],
        ["status", "--watch", "--json"],
        ["campaign", "create", "spring"],
        ["campaign", "create", "spring", "--subject", "x", "--from-address", "nobody"],
        ["campaign", "edit", "spring"],
        ["campaign", "edit", "spring", "--fill", "headline=x"],
        ["campaign", "edit", "spring", "--template", "newsletter", "--fill", "headline"],
        ["campaign", "edit", "spring", "--record", "5400"],
        ["campaign", "test", "spring", "--to", "nobody"],
        ["campaign", "test", "spring", *["--to", "a@b.example"] * 6],
        ["campaign", "send", "spring", "--at", "2020-01-01"],
        ["campaign", "schedule", "spring", "--at", "2999-01-01", "--local", "2999-01-01"],
        ["campaign", "dry-run", "spring", "--people", "."],
        ["sync", "create", "leads", "--module", "Leads", "--map", "City"],
        ["sync", "skipped", "leads", "--reason", "painted"],
        ["sync", "show", "leads", "--watch", "--json"],
        ["sync", "runs", "leads", "--limit", "0"],
        ["module", "describe", "nowhere.json"],
        ["template", "save", "mine"],
        ["template", "lint", "newsletter", "--html", "examples/leads.csv"],
        ["campaign", "preview", "spring", "--contact", "nobody"],
        ["campaign", "preview", "spring", "--value", "city"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_before_any_server_is_asked(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr(context, "settings", lambda: pytest.fail("the settings were asked for, which starts servers"))
    ran = CliRunner().invoke(app, arguments)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "Error" in ran.stderr
