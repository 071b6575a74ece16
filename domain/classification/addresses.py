"""Addresses in the texts of mails."""

from __future__ import annotations

import re

_LETTERS = r"\xc0-\u024f\u0370-\u052f"  #: alphabets that stand between blanks; others run into the text around them
_LOCAL = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-" + _LETTERS
_DOMAIN = r"A-Za-z0-9" + _LETTERS
#: A run of characters is tried at its beginning only, and quantifiers are bounded: the time is linear in the text.
ADDRESS = re.compile(
    rf"(?:\"[^\"\s@]{{1,64}}\"|(?<![{_LOCAL}])[{_LOCAL}]{{1,200}})@[{_DOMAIN}](?:[{_DOMAIN}._-]{{0,250}}[{_DOMAIN}])?"
)
#: Our own signed addresses (domain/inbound_addresses.py).
_TOKEN = re.compile(r"([burf])\+[a-z2-7]{48,52}@[a-z0-9.-]{1,253}", re.IGNORECASE)
_MACHINES = re.compile(
    r"^(?:mailer-?daemon|post-?master|mail-?daemon|no-?reply|do-?not-?reply|bounces?|double-bounce|mdaemon|root|www|abuse|support|info-noreply|notification)\b",
    re.IGNORECASE,
)


def addresses_in(text: str) -> list[str]:
    """Every address once, in order."""
    found = (match.group().strip("'`=/*") for match in ADDRESS.finditer(text))
    return list(dict.fromkeys(address.rstrip(".") for address in found if "@" in address.strip("@")))


def address_of(value: str) -> str | None:
    """The one address in a field such as `rfc822; <a@b.example>`, or None."""
    if "@" not in value:
        return None
    bare = value[value.rfind("<") + 1 :] if "<" in value else value.rpartition(";")[2]
    found = ADDRESS.search(bare) or ADDRESS.search(value)
    return next(iter(addresses_in(found.group())), None) if found else None


def tokens_in(*values: str) -> tuple[str, ...]:
    """Addresses that are signed tokens of ours by their shape; nothing is verified."""
    found = (match.group().lower() for value in values for match in _TOKEN.finditer(value))
    return tuple(dict.fromkeys(found))


def is_machine(address: str) -> bool:
    return _MACHINES.match(address) is not None
