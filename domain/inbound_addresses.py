"""Our own addresses that mail comes back to: each is a signed token that names one email, and so its person.

    b+TOKEN@bounces.example   envelope sender (VERP): bounces
    u+TOKEN@bounces.example   List-Unsubscribe: mails that ask for no more
    r+TOKEN@bounces.example   Reply-To, where replies are counted
    f+TOKEN@bounces.example   CFBL-Address (RFC 9477): complaints

A token of one purpose is worthless as another. Beside them stand a few addresses without a token (`UNSIGNED`): feedback
loops want one address for all mails, and RFC 5321 (4.5.1) wants a postmaster.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.tracking import Kind, SigningKeys, bounce_address, hint, in_address, key_id, read, token

__all__ = ["UNSIGNED", "Accepted", "InboundAddress", "Purpose", "address_for", "bounce_address", "parsed"]

#: Local parts that need no token. Where a mail to them belongs is looked for in the mail itself.
UNSIGNED = frozenset({"postmaster", "abuse", "fbl", "feedback", "bounce", "bounces", "mailer-daemon", "replies"})
_SHAPE = re.compile(r"([burf])\+([a-z2-7]{48,52})@([a-z0-9][a-z0-9.-]{0,252})")


class Purpose(StrEnum):
    """What an address is for; the letter that it begins with."""

    BOUNCE = "b"
    UNSUBSCRIBE = "u"
    REPLY = "r"
    FEEDBACK = "f"

    @property
    def kind(self) -> Kind:
        return _KINDS[self]


_KINDS: Mapping[Purpose, Kind] = {
    Purpose.BOUNCE: Kind.BOUNCE,
    Purpose.UNSUBSCRIBE: Kind.UNSUBSCRIBE,
    Purpose.REPLY: Kind.REPLY,
    Purpose.FEEDBACK: Kind.FEEDBACK,
}


@dataclass(frozen=True, slots=True)
class InboundAddress:
    """An address that looks like one of ours. Nothing is verified yet."""

    purpose: Purpose
    token: str
    domain: str

    @property
    def hint(self) -> str | None:
        """By which the campaigns are found that the token may be of; None: it is no token."""
        return hint(self.token)


def parsed(address: str) -> InboundAddress | None:
    """The address taken apart, whatever its case; None where it is not of our shape."""
    found = _SHAPE.fullmatch(address.strip().strip("<>").lower())
    return InboundAddress(Purpose(found[1]), found[2], found[3]) if found else None


def address_for(purpose: Purpose, email: str, domain: str, keys: SigningKeys) -> str:
    """The address of one email for one purpose, signed with the newest key."""
    return f"{purpose}+{in_address(token(purpose.kind, email, keys))}@{domain}"


@dataclass(frozen=True, slots=True)
class Accepted:
    """Which tokens are believed."""

    keys: SigningKeys
    #: so many of the newest keys are good for bounces, replies and complaints; None: all. Ways out never expire.
    recent_keys: int | None = None

    def email_of(self, address: InboundAddress, campaign_ids: Iterable[str]) -> str | None:
        """The email that the address names, or None: forged, of another purpose, or of a key that has expired."""
        found = read(address.token, self.keys, campaign_ids)
        if found is None or found.kind is not address.purpose.kind:
            return None
        return found.email_id if self._in_time(address) else None

    def _in_time(self, address: InboundAddress) -> bool:
        if address.purpose is Purpose.UNSUBSCRIBE or self.recent_keys is None:
            return True
        recent = {key.id for key in self.keys.keys[: self.recent_keys]}
        return key_id(address.token) in recent
