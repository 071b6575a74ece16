"""The keys that DKIM signs with: one a sender domain, found in DNS by its selector (RFC 6376, 3.6; RFC 8301)."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from domain.errors import KeyInvalid

KEY_BITS = 2048  #: of new keys: the largest that every verifier must take (RFC 8301, 3.2)
_MOST_BITS = 4096
_STRING_BYTES = 255  #: of one string of a TXT record (RFC 1035, 3.3.14)
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?P<selector>{_LABEL}(?:\.{_LABEL})*)\._domainkey\.(?P<domain>{_LABEL}(?:\.{_LABEL})+)")
_LONGEST_NAME = 253


@dataclass(frozen=True, slots=True)
class KeyName:
    """Which key of which domain."""

    selector: str
    domain: str  #: in ASCII, lower case

    @property
    def record(self) -> str:
        """Where its public half stands in DNS, without a final dot."""
        return f"{self.selector}._domainkey.{self.domain}"


def key_name(record: str) -> KeyName:
    """The name that a record of DNS says.

    Raises:
        KeyInvalid: it is none.
    """
    found = _NAME.fullmatch(record.lower())
    if found is None or len(record) > _LONGEST_NAME:
        raise KeyInvalid(f"{record!r} names no DKIM key: write SELECTOR._domainkey.DOMAIN, in ASCII")
    return KeyName(found["selector"], found["domain"])


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A private key, ready to sign."""

    name: KeyName
    private: RSAPrivateKey = field(repr=False)

    @property
    def record_value(self) -> str:
        """The text of its TXT record in DNS."""
        public = self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"


def dkim_key(name: KeyName, pem: bytes) -> DkimKey:
    """The key in a PEM file.

    Raises:
        KeyInvalid: no private RSA key of 2048 to 4096 bits, or one with a password; says which.
    """
    try:
        private = load_pem_private_key(pem, password=None)
    except TypeError:
        raise KeyInvalid(f"{name.record}: the key has a password; store it without one") from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyInvalid(f"{name.record}: no private key in PEM (-----BEGIN PRIVATE KEY-----)") from None
    if not isinstance(private, RSAPrivateKey):
        raise KeyInvalid(f"{name.record}: no RSA key; mailbox providers verify no other kind")
    if not KEY_BITS <= private.key_size <= _MOST_BITS:
        raise KeyInvalid(f"{name.record}: {private.key_size} bits; it takes {KEY_BITS} to {_MOST_BITS}")
    return DkimKey(name, private)


def record_strings(value: str) -> list[str]:
    """The text of a TXT record in the strings that it is stored as, of 255 bytes at most."""
    return [value[start : start + _STRING_BYTES] for start in range(0, len(value), _STRING_BYTES)]


@dataclass(frozen=True, slots=True)
class DkimKeys:
    """Who signs: we do for each domain that we have a key of, or the relay does for all. Never both."""

    by_domain: Mapping[str, DkimKey] = field(default_factory=dict)
    relay_signs: bool = False

    def of(self, domain: str) -> DkimKey | None:
        """What signs mail from this domain (in ASCII, lower case), or None: we don't."""
        return None if self.relay_signs else self.by_domain.get(domain)

    def leaves_unsigned(self, domain: str) -> bool:
        """Whether nobody signs mail from this domain."""
        return not self.relay_signs and domain not in self.by_domain


RELAY_SIGNS = DkimKeys(relay_signs=True)
