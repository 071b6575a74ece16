"""The DKIM keys of a directory: files named like the record in DNS that holds their public half, with .pem."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from config.mail import DkimBy
from config.settings import Settings, variable
from domain.dkim_key import RELAY_SIGNS, DkimKey, DkimKeys, KeyName, dkim_key, key_name
from domain.errors import KeyInvalid

SUFFIX = ".pem"


def dkim_keys(settings: Settings) -> DkimKeys:
    """What signs, by the settings. The files are read here, once: a new key takes a restart.

    Raises:
        KeyInvalid: a key can't sign, or can't be read.
    """
    if not engine_signs(settings):
        return RELAY_SIGNS
    directory = settings.dkim.directory
    chosen = signing(key_files(directory), settings.dkim.selectors.split()) if directory else {}
    return DkimKeys({domain: read_key(name, path) for domain, (name, path) in chosen.items()})


def engine_signs(settings: Settings) -> bool:
    """Whether any relay counts on us. One that signs by itself gets mails without our signature (gateways/smtp.py)."""
    return any(relay.dkim is DkimBy.ENGINE for relay in settings.all_relays.values())


def key_files(directory: Path) -> dict[KeyName, Path]:
    """Every key in the directory, unread.

    Raises:
        KeyInvalid: there is no such directory, or a .pem file in it that is named otherwise.
    """
    if not directory.is_dir():
        raise KeyInvalid(f"{variable('dkim', 'directory')}: there is no directory {directory}")
    try:
        return {key_name(path.name.removesuffix(SUFFIX)): path for path in sorted(directory.glob(f"*{SUFFIX}"))}
    except OSError as error:
        raise KeyInvalid(f"{directory}: {error.strerror}") from error


def signing(files: Mapping[KeyName, Path], selectors: Iterable[str]) -> dict[str, tuple[KeyName, Path]]:
    """The key that signs for each domain: of the first selector that it has a key of."""
    found: dict[str, tuple[KeyName, Path]] = {}
    for selector in selectors:
        for name, path in files.items():
            if name.selector == selector.lower():
                found.setdefault(name.domain, (name, path))
    return found


@cache
def read_key(name: KeyName, path: Path) -> DkimKey:
    """The key in a file, read once in a process: OpenSSL takes 30 ms and more to prove that a key is sound.

    Raises:
        KeyInvalid: it can't sign, or can't be read.
    """
    try:
        return dkim_key(name, path.read_bytes())
    except OSError as error:
        raise KeyInvalid(f"{path}: {error.strerror}") from error
