"""`campaigns dkim`: keys made, kept and shown."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.check import _dkim
from cli.main import app
from config.loading import load
from domain.errors import CampaignsError, InvalidDefinition, KeyInvalid
from tests.domain.dkim_world import pem
from workers.dkim_keys import dkim_keys

Run = Callable[..., Result]


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where keys go: not there yet."""
    monkeypatch.chdir(tmp_path)
    for name in ("DKIM__SELECTORS", "SMTP__DKIM"):
        monkeypatch.delenv(f"CAMPAIGNS_{name}", raising=False)
    monkeypatch.setenv("CAMPAIGNS_DKIM__DIRECTORY", str(tmp_path / "keys"))
    return tmp_path / "keys"


@pytest.fixture
def dkim(directory: Path) -> Run:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["dkim", *arguments])

    return run


def result(ran: Result) -> Any:
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


def test_a_new_key_is_readable_for_its_owner_alone_and_signs(dkim: Run, directory: Path) -> None:
    made = result(dkim("generate", "shop.example", "--json"))
    path = directory / "s1._domainkey.shop.example.pem"
    assert made["file"] == str(path)
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(directory.stat().st_mode)) == (0o600, 0o700)
    key = dkim_keys(load()).of("shop.example")
    assert key is not None
    assert made["signs"]
    assert made["record"]["value"] == key.record_value
    assert "".join(made["record"]["strings"]) == key.record_value


def test_the_record_is_printed_whole_and_as_a_line_of_a_zone_file(dkim: Run) -> None:
    ran = dkim("generate", "Shop.Example", "--selector", "nov26")
    assert "name   nov26._domainkey.shop.example\n" in ran.stdout
    assert re.search(r"^  value  v=DKIM1; k=rsa; p=[A-Za-z0-9+/=]{392}$", ran.stdout, re.MULTILINE)
    zone = r'^  nov26\._domainkey\.shop\.example\. 3600 IN TXT \( "[^"]{255}" "[^"]{155}" \)$'
    assert re.search(zone, ran.stdout, re.MULTILINE)
    assert 'set CAMPAIGNS_DKIM__SELECTORS="nov26 s1"' in ran.stdout
    assert "PRIVATE KEY" not in ran.output


def test_a_key_is_never_overwritten(dkim: Run, directory: Path) -> None:
    dkim("generate", "shop.example")
    before = (directory / "s1._domainkey.shop.example.pem").read_bytes()
    again = dkim("generate", "shop.example")
    assert isinstance(again.exception, KeyInvalid)
    assert "is there already" in str(again.exception)
    assert (directory / "s1._domainkey.shop.example.pem").read_bytes() == before


def test_a_second_key_waits_until_it_is_chosen(dkim: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    dkim("generate", "shop.example")
    assert result(dkim("generate", "shop.example", "--selector", "s2", "--json"))["signs"] is False
    monkeypatch.setenv("CAMPAIGNS_DKIM__SELECTORS", "s2 s1")
    assert {one["selector"]: one["signs"] for one in result(dkim("show", "shop.example", "--json"))} == {
        "s1": False,
        "s2": True,
    }


def test_show_prints_the_same_record_again(dkim: Run) -> None:
    made = result(dkim("generate", "bücher.example", "--json"))
    dkim("generate", "other.example")
    assert result(dkim("show", "bücher.example", "--json")) == [made]
    shown = dkim("show", "xn--bcher-kva.example").stdout
    assert made["record"]["value"] in shown
    assert "xn--bcher-kva.example.pem: signs" in shown


def test_no_key_signs_where_the_relay_does(dkim: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPAIGNS_SMTP__DKIM", "relay")
    assert "this key signs nothing until it is engine" in dkim("generate", "shop.example").stdout
    assert "does not sign: CAMPAIGNS_SMTP__DKIM is relay" in dkim("show", "shop.example").stdout


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        (["show", "shop.example"], KeyInvalid, "campaigns dkim generate shop.example"),
        (["generate", "gmail.com"], InvalidDefinition, "belongs to gmail.com"),
    ],
)
def test_what_cannot_be_says_why(dkim: Run, arguments: list[str], kind: type[CampaignsError], text: str) -> None:
    ran = dkim(*arguments)
    assert isinstance(ran.exception, kind)
    assert text in str(ran.exception)


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["a@b.example"], ["../x.example"], ["a.example", "--selector", "a/b"]]
)
def test_a_domain_or_selector_that_is_none_is_wrong_usage(dkim: Run, arguments: list[str]) -> None:
    assert dkim("generate", *arguments).exit_code == 2


def test_without_a_directory_keys_are_kept_with_the_state(
    dkim: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CAMPAIGNS_DKIM__DIRECTORY")
    monkeypatch.setenv("CAMPAIGNS_STATE_DIR", str(tmp_path / "state"))
    made = result(dkim("generate", "shop.example", "--json"))
    assert made["file"] == str(tmp_path / "state" / "dkim" / "s1._domainkey.shop.example.pem")


def test_check_says_who_signs(dkim: Run, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    absent = _dkim(load())
    assert (absent.ok, "there is no directory" in absent.found) == (False, True)
    directory.mkdir()
    unsigned = _dkim(load())
    assert (unsigned.ok, unsigned.found) == (True, "no key: mail goes out unsigned")
    assert "campaigns dkim generate" in unsigned.mend
    dkim("generate", "shop.example")
    assert _dkim(load()).found == "we sign for shop.example (s1); mail from other domains goes out unsigned"
    (directory / "s1._domainkey.broken.example.pem").write_bytes(pem()[:100])
    broken = _dkim(load())
    assert (broken.ok, "s1._domainkey.broken.example: no private key" in broken.found) == (False, True)
    monkeypatch.setenv("CAMPAIGNS_SMTP__DKIM", "relay")
    assert _dkim(load()).found == "the relay signs"
