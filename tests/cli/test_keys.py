"""The deployment's secrets."""

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from cli.keys import KeysMissing, kept, new_key, required
from config.keys import KeySettings


def test_a_new_key_is_32_random_bytes() -> None:
    assert len(bytes.fromhex(new_key())) == 32
    assert new_key() != new_key()


def test_keys_are_made_once_and_readable_by_us_alone(tmp_path: Path) -> None:
    first = kept(KeySettings(), tmp_path / "state")
    assert kept(KeySettings(), tmp_path / "state") == first
    assert first.address != first.tokens
    [file] = (tmp_path / "state").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_given_keys_win_over_kept_ones(tmp_path: Path) -> None:
    given = KeySettings(address=SecretStr("a key of my own, long enough"))
    assert kept(given, tmp_path).address == given.address


def test_servers_that_are_given_need_keys_that_are_given() -> None:
    both = r"CAMPAIGNS_KEYS__ADDRESS and CAMPAIGNS_KEYS__TOKENS not set.*`campaigns keys`"
    with pytest.raises(KeysMissing, match=both):
        required(KeySettings())
    with pytest.raises(KeysMissing, match=r"^CAMPAIGNS_KEYS__TOKENS not set"):
        required(KeySettings(address=SecretStr("a key of my own, long enough")))
