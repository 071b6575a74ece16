"""Logs: JSON off a terminal, addresses never in full."""

import json
import logging

import pytest
import structlog

from config import logging as logs


def test_off_a_terminal_every_line_is_json_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", worker="send-batch")
    structlog.get_logger().info("batch_sent", campaign_id="spring", emails=200)
    printed = capsys.readouterr()
    line = json.loads(printed.err)
    assert printed.out == ""
    assert (line["event"], line["campaign_id"], line["emails"]) == ("batch_sent", "spring", 200)
    assert (line["level"], line["worker"]) == ("info", "send-batch")
    assert line["timestamp"].endswith("Z")


def test_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "text")
    structlog.get_logger().info("batch_sent", emails=200)
    printed = capsys.readouterr().err
    assert "batch_sent" in printed
    assert not printed.startswith("{")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("ann.lee@example.com", "a***@example.com"),
        ("550 <ann@example.com> unknown, also bob@b.example", "550 <a***@example.com> unknown, also b***@b.example"),
        ("mailto:ann@example.com", "mailto:a***@example.com"),
        ("no address", "no address"),
    ],
)
def test_addresses_are_masked_in_texts_of_others_too(
    capsys: pytest.CaptureFixture[str], text: str, masked: str
) -> None:
    logs.configure("info", "json")
    structlog.get_logger().info("refused", reply=text)
    logging.getLogger("somebody.else").warning("refused %s", text)
    ours, theirs = map(json.loads, capsys.readouterr().err.splitlines())
    assert (ours["reply"], theirs["event"]) == (masked, f"refused {masked}")


def test_libraries_speak_from_warning_on(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", "json")
    logging.getLogger("somebody.else").info("about myself")
    logging.getLogger("aiormq.connection").error("told by its exception as well")
    assert capsys.readouterr().err == ""


def test_what_is_below_the_level_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("error", "json")
    structlog.get_logger().warning("half bad")
    assert capsys.readouterr().err == ""
