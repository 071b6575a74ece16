"""Merge fields that nothing fills, and what was probably meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA

from domain.reserved_fields import RESERVED

#: What others call it, without blanks and underscores (Zoho Campaigns, Mailchimp, HubSpot).
_ALIASES: Mapping[str, str] = {
    "fname": "first_name", "firstname": "first_name", "vorname": "first_name", "prenom": "first_name",
    "lname": "last_name", "lastname": "last_name", "surname": "last_name", "nachname": "last_name",
    "emailaddress": "email", "mail": "email", "contactemail": "email", "phonenumber": "phone",
    "unsubscribe": "unsubscribe_url", "unsub": "unsubscribe_url", "unsubscribelink": "unsubscribe_url",
    "preferences": "preferences_url", "company": "organisation_name", "organizationname": "organisation_name",
    "postaladdress": "organisation_postal_address", "address": "organisation_postal_address", "sender": "sender_name",
}  # fmt: skip
_SHORT = 5  #: characters up to which one slip is forgiven; two in longer names


@dataclass(frozen=True, slots=True)
class UnknownField:
    name: str
    meant: str | None  #: the field that it is probably a slip of


def unknown_fields(used: Iterable[str], known: Collection[str]) -> list[UnknownField]:
    """Those of the merge fields used that are neither known nor ours, in the order of their names."""
    there = frozenset(known) | RESERVED
    return [UnknownField(name, suggested_field(name, known)) for name in sorted(set(used) - there)]


def suggested_field(name: str, known: Collection[str]) -> str | None:
    """The known or reserved field that a name was probably meant to be, or None."""
    there = sorted(frozenset(known) | RESERVED)
    plain = _plain(name)
    same = [each for each in there if _plain(each) == plain or each == _ALIASES.get(plain)]
    if same:
        return same[0]
    found = process.extractOne(
        plain, [_plain(each) for each in there], scorer=OSA.distance, score_cutoff=1 if len(plain) <= _SHORT else 2
    )
    return there[found[2]] if found else None


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace(" ", "")
