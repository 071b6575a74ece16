"""DMARC: which record governs a domain, and which domains are one organisation's (RFC 9989, which follows RFC 7489).

The organisation's domain is found by walking up the names, as RFC 9989 has it, not by a list of public suffixes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from domain.dns_texts import Known, tags

_MOST_LABELS = 7  # RFC 9989, 4.10: of a longer name only so many are asked about, the name itself aside
_POLICIES = frozenset({"none", "quarantine", "reject"})


@dataclass(frozen=True, slots=True)
class Dmarc:
    """A valid record."""

    domain: str
    strict_spf: bool
    public_suffix: bool | None  #: psd=y, psd=n, or neither


def record_name(domain: str) -> str:
    return f"_dmarc.{domain}"


def walk(domain: str) -> Iterator[str]:
    """The domain and those above it, as far as they are asked about."""
    labels = domain.split(".")
    yield domain
    for start in range(max(1, len(labels) - _MOST_LABELS), len(labels)):
        yield ".".join(labels[start:])


def dmarc_of(domain: str, known: Known) -> Dmarc | None:
    """The record at this very name; None where there is no valid one, or several."""
    texts = [text for text in known.of(record_name(domain)).texts if text.replace(" ", "").startswith("v=DMARC1")]
    if len(texts) != 1:
        return None
    told = tags(texts[0])
    if told.get("p", "").lower() not in _POLICIES and not told.get("rua"):
        return None  # RFC 9989, 4.7: without a policy it takes an address for reports to mean p=none
    suffix = {"y": True, "n": False}.get(told.get("psd", "u").lower())
    return Dmarc(domain, told.get("aspf", "r").lower() == "s", suffix)


def organisation_of(domain: str, known: Known) -> str:
    """The highest domain of the same organisation (RFC 9989, 4.10.2)."""
    found = [record for each in walk(domain) if (record := dmarc_of(each, known))]
    for record in found:
        if record.public_suffix is False:
            return record.domain
        if record.public_suffix and record.domain != domain:
            return _below(domain, record.domain)
    return found[-1].domain if found else domain


def governing(domain: str, known: Known) -> Dmarc | None:
    """The record that receivers go by: the domain's own, or else that of its organisation, or of its public suffix."""
    own = dmarc_of(domain, known) or dmarc_of(organisation_of(domain, known), known)
    return own or next((record for each in walk(domain) if (record := dmarc_of(each, known))), None)


def is_known(domain: str, known: Known) -> bool:
    """Whether every name of the walk was answered."""
    return all(known.of(record_name(each)).known for each in walk(domain))


def _below(domain: str, suffix: str) -> str:
    """One label more than the suffix."""
    return ".".join(domain.split(".")[-suffix.count(".") - 2 :])
