"""The deployment's secrets: the address key behind contact ids, and the keys that sign links."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path

from pydantic import SecretStr

from config.keys import KeySettings
from config.loading import SettingsInvalid
from config.settings import variable

KEY_BYTES = 32
FILE = "keys.json"


class KeysMissing(SettingsInvalid):
    """Servers are given and the keys that belong to their data are not."""


def new_key() -> str:
    """32 random bytes as 64 hex digits."""
    return secrets.token_hex(KEY_BYTES)


def required(given: KeySettings) -> KeySettings:
    """The keys as given.

    Raises:
        KeysMissing: names the variables; keys made up here would be other ones on the next machine.
    """
    missing = [variable("keys", name) for name in ("address", "tokens") if getattr(given, name) is None]
    if missing:
        raise KeysMissing(
            f"{' and '.join(missing)} not set. Make keys once with `campaigns keys`, give every process the same, "
            "and back them up: without the address key nobody is recognised again"
        )
    return given


def kept(given: KeySettings, state_dir: Path) -> KeySettings:
    """The keys as given, the rest from the state directory, where they are made on first use."""
    path = state_dir / FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_once(path, json.dumps({"address": new_key(), "tokens": new_key()}))
    stored = json.loads(path.read_text())
    return KeySettings(
        address=given.address or SecretStr(stored["address"]), tokens=given.tokens or SecretStr(stored["tokens"])
    )


def _write_once(path: Path, text: str) -> None:
    """Whoever comes second keeps the first one's keys; nobody sees half a file, nobody else may read it."""
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
