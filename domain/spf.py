"""SPF of the domain that bounces go to (RFC 7208): read as far as it can be without a sender's address."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from domain.dns_texts import Known

MOST_LOOKUPS = 10  # RFC 7208, 4.6.4: one more, and receivers call the record broken
_VERSION = re.compile(r"v=spf1(?: |$)", re.IGNORECASE)
_TERM = re.compile(r"(?P<sign>[+?~-]?)(?P<name>[a-z][a-z0-9_.-]*)(?P<rest>[:=/].*)?", re.IGNORECASE)
_ASKS = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
_SILENT = frozenset({"all", "ip4", "ip6"})


@dataclass(slots=True)
class Spf:
    """What a domain's SPF says about itself."""

    missing: bool = False
    broken: list[str] = field(default_factory=list)  #: in words, why receivers can make nothing of it
    open: bool = False  #: everybody in the world passes
    lookups: int = 0  #: that receivers make; the reading stops beyond `MOST_LOOKUPS`
    wanted: set[str] = field(default_factory=set)  #: names that have to be asked before more is known


def spf(domain: str, known: Known) -> Spf:
    """The record of the domain and all that it includes, as far as they are known."""
    found = Spf()
    _read(domain, known, found, ())
    return found


def _read(domain: str, known: Known, found: Spf, path: tuple[str, ...]) -> bool:
    """Whether this record lets everybody pass."""
    if domain in path:
        found.broken.append(f"{domain} includes itself")
        return False
    if domain not in known.by_name:
        found.wanted.add(domain)
        return False
    answer = known.of(domain)
    if not answer.known:
        return False
    records = [text for text in answer.texts if _VERSION.match(text)]
    if len(records) != 1:
        _not_one(domain, len(records), found, path)
        return False
    everybody = _terms(records[0].split()[1:], known, found, (*path, domain))
    found.open = found.open or (everybody and not path)
    return everybody


def _not_one(domain: str, count: int, found: Spf, path: tuple[str, ...]) -> None:
    if count:
        found.broken.append(f"{domain} has {count} records")
    elif path:
        found.broken.append(f"{path[-1]} includes {domain}, which has none")
    else:
        found.missing = True


def _terms(terms: list[str], known: Known, found: Spf, path: tuple[str, ...]) -> bool:
    """Left to right, as receivers do: nothing counts after `all`, and a redirect counts only where there is none."""
    redirect: str | None = None
    everybody = False
    for term in terms:
        read = _TERM.fullmatch(term)
        name = read["name"].lower() if read else ""
        value = (read["rest"] or "")[1:] if read else ""
        if read is None or (name not in _ASKS | _SILENT and not (read["rest"] or "").startswith("=")):
            found.broken.append(f"{path[-1]}: {term!r} is no part of it")
            continue
        if name == "all":
            return everybody or read["sign"] in {"", "+"}
        if name == "redirect":
            redirect = value
        elif name in _ASKS:
            found.lookups += 1
            if name == "include":
                everybody |= _followed(value, known, found, path) and read["sign"] in {"", "+"}
    if redirect is None:
        return everybody
    found.lookups += 1
    return _followed(redirect, known, found, path) or everybody


def _followed(domain: str, known: Known, found: Spf, path: tuple[str, ...]) -> bool:
    if found.lookups > MOST_LOOKUPS or "%" in domain:  # a macro: it is made of the sender's address
        return False
    return _read(domain.lower().rstrip("."), known, found, path)
