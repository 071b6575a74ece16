"""TXT records of DNS, as far as they were told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Texts:
    """What DNS said about one name."""

    texts: tuple[str, ...] = ()  #: each record's strings in one; none: there is no such name, or it has none
    known: bool = True  #: False: no answer (a time-out, a failing server), which means nothing


NO_ANSWER = Texts(known=False)


@dataclass(frozen=True, slots=True)
class Known:
    """Answers so far."""

    by_name: Mapping[str, Texts]

    def of(self, name: str) -> Texts:
        """What was said about it; no answer for what was never asked."""
        return self.by_name.get(name, NO_ANSWER)


def tags(record: str) -> dict[str, str]:
    """The tags of a DKIM key or a DMARC record (RFC 6376, 3.2), names in lower case; the first of a name counts."""
    found: dict[str, str] = {}
    for part in record.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            found.setdefault(name.strip().lower(), value.strip())
    return found
