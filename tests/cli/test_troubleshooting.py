"""docs/troubleshooting.md and `campaigns help-with`: current, complete, and true of the commands and settings."""

from __future__ import annotations

import ast
import inspect
import json
import re

import pytest
import typer
from typer.testing import CliRunner

from cli import check, troubleshooting
from cli.help_with import of_error
from cli.main import app
from config.settings import all_variables
from domain.errors import Conflict, NotReady
from domain.troubleshooting import CHECKS, PARKED, every
from workers.parker import DELIVERY_LIMIT
from workers.retry import ATTEMPTS_SPENT, TOO_OLD, UNEXPECTED

TEXTS = [text for each in every() for text in (each.means, each.why, each.do)]
ROOT = typer.main.get_command(app)


def test_the_written_page_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert (troubleshooting.main(["--check"]), capsys.readouterr().out) == (0, "")


def test_the_page_has_every_entry() -> None:
    made = troubleshooting.page()
    assert all(f"| `{each.name}` | " in made for each in every())


def test_the_runtimes_own_reasons_are_those_of_the_page() -> None:
    assert set(PARKED) == {ATTEMPTS_SPENT, TOO_OLD, UNEXPECTED, DELIVERY_LIMIT}


def test_everything_that_check_looks_at_is_on_the_page() -> None:
    def named(call: ast.Call) -> str:
        first = call.args[0] if call.args else ast.Constant("")
        return str(first.value) if isinstance(first, ast.Constant) else ""

    calls = [each for each in ast.walk(ast.parse(inspect.getsource(check))) if isinstance(each, ast.Call)]
    made = {named(each) for each in calls if isinstance(each.func, ast.Name) and each.func.id in {"Finding", "_away"}}
    assert {name.lower().replace(" ", "-") for name in made - {""}} <= set(CHECKS)


def test_every_setting_that_is_named_exists() -> None:
    named = {name for text in TEXTS for name in re.findall(r"CAMPAIGNS_[A-Z_]+[A-Z]", text)}
    known = set(all_variables())
    assert [name for name in sorted(named) if not any(each.startswith(name) for each in known)] == []


def test_every_command_that_is_named_exists() -> None:
    typed = {line for text in TEXTS for line in re.findall(r"`campaigns ([a-z][a-z -]*)", text)}
    assert [line for line in sorted(typed) if not exists(line.split())] == []


def exists(words: list[str]) -> bool:
    command = ROOT
    for place, word in enumerate(word for word in words if word != "--help"):
        following = getattr(command, "commands", {}).get(word)
        if following is None:
            options = {option for each in command.params for option in each.opts}
            return place > 0 and not hasattr(command, "commands") and (not word.startswith("--") or word in options)
        command = following
    return True


def test_a_code_is_told_with_what_to_do() -> None:
    ran = CliRunner().invoke(app, ["help-with", "not-ready"])
    assert ran.exit_code == 0, ran.output
    assert "refusal.not_ready" in ran.output
    assert "what to do" in ran.output


def test_a_code_is_told_to_programs() -> None:
    found = json.loads(CliRunner().invoke(app, ["help-with", "worker_died", "--json"]).stdout)
    assert [(each["kind"], each["code"]) for each in found] == [("doubt", "worker_died")]


def test_a_code_that_is_nearly_right_is_guessed() -> None:
    ran = CliRunner().invoke(app, ["help-with", "opted_ou"])
    assert ran.exit_code == 2
    assert "opted_out" in ran.output


def test_an_error_leads_to_its_entry() -> None:
    refused, passing = of_error(NotReady("x")), of_error(Conflict("x"))
    assert (refused and refused.name, passing and passing.name) == ("refusal.not_ready", "trouble.conflict")
