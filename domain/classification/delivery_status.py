"""Delivery reports (RFC 3464): one block of fields per recipient, as strictly as their writers keep to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from domain.classification.addresses import address_of

MAX_RECIPIENTS = 1000
_MAX_LINES = 10_000
_MAX_NAME = 100  #: characters, blanks included

_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_TYPE = re.compile(r"^\s{0,5}(?:x-)?[A-Za-z][A-Za-z0-9 /-]{1,20};\s{0,20}", re.IGNORECASE)
_NAMES = frozenset({"final-recipient", "original-recipient", "x-actual-recipient", "x-original-recipient"})


@dataclass(frozen=True, slots=True)
class Status:
    """What is reported of one recipient."""

    address: str | None
    action: str  #: failed, delayed, delivered, relayed, expanded; lower case; empty where it is not said
    status: str | None  #: RFC 3463
    diagnostic: str  #: the words of the server, without the type
    original: str | None = None  #: the address as the sender wrote it (RFC 3464, 2.3.1)
    actual: str | None = None  #: Sendmail's word for where an alias or .forward led to

    @property
    def written(self) -> str | None:
        """The address that was mailed, as far as the report tells."""
        return self.original or self.address

    @property
    def elsewhere(self) -> str | None:
        """Another address, which the report is about (RFC 3464, 2.3.2): the one that was mailed leads there."""
        written = (self.written or "").lower()
        return next((one for one in (self.actual, self.address) if one and one.lower() != written), None)


def has_statuses(text: str) -> bool:
    lowered = text.lower()
    return ("final-recipient" in lowered or "original-recipient" in lowered) and "action" in lowered


def statuses(text: str) -> list[Status]:
    """The reports in the text of a message/delivery-status part, or of one that was pasted into a text."""
    found: list[Status] = []
    fields: dict[str, str] = {}
    last = ""
    for line in text.split("\n", _MAX_LINES)[:_MAX_LINES]:
        if not line.strip():
            last = ""
            if fields.keys() & _NAMES and "action" in fields:
                found.append(_status(fields))
                fields = {}
        elif (name := _name(line)) and not (line[0] in " \t" and last == "diagnostic-code"):
            last = name
            if last == "final-recipient" and last in fields:
                found.append(_status(fields))
                fields = {}
            fields.setdefault(last, line.partition(":")[2].strip())
        elif last:
            fields[last] = f"{fields[last][:4000]} {line.strip()}"
        if len(found) >= MAX_RECIPIENTS:
            return found
    return [*found, _status(fields)] if fields.keys() & _NAMES else found


def _name(line: str) -> str:
    """The name of the field that the line is, or nothing; blanks around it are forgiven."""
    name, colon, _ = line.partition(":")
    return _bare(name) if colon and len(name) <= _MAX_NAME else ""


@lru_cache(maxsize=256)  # a report has the same few for each of its recipients
def _bare(name: str) -> str:
    bare = name.strip(" \t>").lower()
    return bare if bare.replace("-", "").isalnum() and bare[0].isalpha() and len(bare) > 2 else ""


def _status(fields: dict[str, str]) -> Status:
    original = address_of(fields.get("original-recipient", ""))
    actual = address_of(fields.get("x-actual-recipient", ""))
    status = _STATUS.match(fields.get("status", ""))
    diagnostic = _TYPE.sub("", fields.get("diagnostic-code", ""), count=1)
    return Status(
        address=address_of(fields.get("final-recipient", "")) or actual or original,
        action=fields.get("action", "").partition("(")[0].strip().lower(),
        status=status.group() if status else None,
        diagnostic=f"exit status {diagnostic}" if diagnostic.isdecimal() and len(diagnostic) < 4 else diagnostic,
        original=original,
        actual=actual,
    )
