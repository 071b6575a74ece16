"""`campaigns classify`: a mail or a reply, what it is taken for, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app

BOUNCE = b"From: MAILER-DAEMON@x.example\nSubject: failure notice\n\n<ann@there.example>:\n550 5.1.1 no such user\n"


@pytest.fixture
def bounce(tmp_path: Path) -> Path:
    file = tmp_path / "bounce.eml"
    file.write_bytes(BOUNCE)
    return file


def run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(app, ["classify", *map(str, arguments)], input=stdin, env={"COLUMNS": "200"})


def test_a_mail_is_shown_with_the_rule_and_the_evidence(bounce: Path) -> None:
    shown = run(bounce).output
    for part in ("bounce", "ann@there.example", "user_unknown, hard", "text:no-such-user", "550 5.1.1 no such user"):
        assert part in shown
    assert "no: nothing shows that it is about a mail of ours" in shown


def test_a_mail_is_read_from_standard_input_and_printed_as_json() -> None:
    (found,) = json.loads(run("-", "--json", stdin=BOUNCE).stdout)
    assert (found["kind"], found["recipients"][0]["verdict"]["effect"]) == ("bounce", "hard")


def test_a_directory_is_a_line_a_mail_with_the_rate(tmp_path: Path) -> None:
    for number in range(7):
        (tmp_path / f"{number}.eml").write_bytes(BOUNCE)
    ran = run(tmp_path)
    assert ran.stdout.count("user_unknown") == 7
    assert "7 mails" in ran.stderr
    assert "slowest" in ran.stderr


def test_a_reply_is_judged_at_its_stage() -> None:
    at_rcpt, at_mail = (
        json.loads(run("--json", "--stage", stage, "--reply", "550 5.1.1 no such user").stdout)
        for stage in ("rcpt", "mail")
    )
    assert (at_rcpt["reason"], at_rcpt["effect"]) == ("user_unknown", "hard")
    assert (at_mail["reason"], at_mail["effect"]) == ("sender_rejected", "soft")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [((), "name files"), (("--reply", "no code"), "begins with its code"), (("nowhere.eml",), "there is no file")],
)
def test_what_is_wrong_with_the_command_is_said(arguments: tuple[str, ...], complaint: str) -> None:
    ran = run(*arguments)
    assert ran.exit_code == 2
    assert complaint in ran.output
