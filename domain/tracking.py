"""Signed tokens: they lead from a bounce, an open, a click or an unsubscribe back to one email, and to nobody else.

Layout, 30 bytes for occurrence 0 (deliverability.md 6): 1 byte key id (5 bits) and kind (3 bits), 3 bytes campaign
hint, 16 bytes contact id, 80-bit tag. A later occurrence stands in one or two bytes before the tag. That is 40
characters of base64url in an URL and 48 of base32 in an address, where case may be lost (RFC 5321 2.4 leaves it to
the receiver; 64 octets are the limit of a local part).

The hint only narrows down the campaign: 24 bits of a hash, so two campaigns may share it. The tag covers the whole
email id. A reader therefore looks the campaigns of a hint up first (`campaign_hint`), then asks `read`, which says
which of them it is, or None. A token holds no address and nothing that can be turned back into one.
"""

from __future__ import annotations

import base64
import hmac
from binascii import Error as Base64Error
from binascii import b2a_base64
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from domain.base32 import base32
from domain.email import email_id
from domain.errors import InvalidDefinition

if TYPE_CHECKING:
    from _hashlib import HASH

_TAG_BYTES = 10
_HINT_BYTES = 3
_CONTACT_BYTES = 16
_FIXED_BYTES = 1 + _HINT_BYTES + _CONTACT_BYTES + _TAG_BYTES
_BLOCK_BYTES = 64  # of SHA-256
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
MAX_OCCURRENCE = 0xFFFF
MAX_KEY_ID = 31


class Kind(IntEnum):
    """What a token allows; a token of one kind is worthless as another."""

    OPEN = 1
    CLICK = 2
    UNSUBSCRIBE = 3
    BOUNCE = 4
    PREFERENCES = 5
    REPLY = 6
    FEEDBACK = 7  #: the last that fits in three bits


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One secret. Ids count up and are never used twice."""

    id: int  #: 0..31
    secret: bytes  #: 32 random bytes

    def __post_init__(self) -> None:
        if not 0 <= self.id <= MAX_KEY_ID:
            raise InvalidDefinition(f"signing key id {self.id} is not between 0 and {MAX_KEY_ID}")
        if len(self.secret) < 16:
            raise InvalidDefinition(f"signing key {self.id} has fewer than 16 bytes")


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """All keys of the deployment, newest first: the newest signs, every one is accepted.

    Keep old keys for ever: unsubscribe links have to work for years (CAN-SPAM asks for 30 days at least).
    """

    keys: tuple[SigningKey, ...]

    def __post_init__(self) -> None:
        if not self.keys or len({key.id for key in self.keys}) != len(self.keys):
            raise InvalidDefinition("tracking needs at least one signing key, and a different id for each")

    @property
    def newest(self) -> SigningKey:
        return self.keys[0]

    def by_id(self, key_id: int) -> SigningKey | None:
        return next((key for key in self.keys if key.id == key_id), None)


@dataclass(frozen=True, slots=True)
class Genuine:
    """What a token that is ours says."""

    kind: Kind
    email_id: str


@dataclass(frozen=True, slots=True)
class WaysOut:
    """How a reader leaves: what List-Unsubscribe offers."""

    url: str  #: the page with the button, and where RFC 8058 posts to
    mailto: str  #: with a subject; what Outlook uses


_KINDS = frozenset(Kind)
_NOBODY = "0" * 2 * _CONTACT_BYTES


def nobody_of(email: str) -> str:
    """An email to nobody, of the same campaign: its tokens name the campaign alone, the same in all its mails (D12)."""
    return email_id(email.partition(":")[0], _NOBODY)


def is_nobody(email: str) -> bool:
    return email.split(":")[1] == _NOBODY


def campaign_hint(campaign_id: str) -> str:
    """The 6 hex digits by which tokens point at a campaign; a few campaigns may share them."""
    return _hint_bytes(campaign_id).hex()


@lru_cache(maxsize=1024)
def _hint_bytes(campaign_id: str) -> bytes:
    return sha256(campaign_id.encode()).digest()[:_HINT_BYTES]


def token(kind: Kind, email: str, keys: SigningKeys) -> bytes:
    """The token of one email for one purpose; `in_url` and `in_address` write it as text."""
    key = keys.newest
    about, campaign_id = _about(email)
    body = bytes((key.id << 3 | kind,)) + about
    return body + _tag(body, campaign_id, key)


@lru_cache(maxsize=16)  # an email's two to five tokens are made in a row
def _about(email: str) -> tuple[bytes, str]:
    """What all tokens of an email say of it, and its campaign."""
    campaign_id, contact_id, occurrence = email.split(":")
    return _hint_bytes(campaign_id) + bytes.fromhex(contact_id) + _occurrence_bytes(int(occurrence)), campaign_id


def in_url(raw: bytes) -> str:
    """Base64url without padding: 40 characters, 42 or 43 for a later occurrence."""
    return b2a_base64(raw, newline=False).translate(_URL_SAFE, b"=").decode()


def in_address(raw: bytes) -> str:
    """Lower-case base32 without padding: 48 characters, 50 or 52 for a later occurrence."""
    return base32(raw)


def hint(text: str) -> str | None:
    """The campaign hint of a token's text, or None when it can't be a token. Nothing is verified yet."""
    raw = _raw(text)
    return raw[1 : 1 + _HINT_BYTES].hex() if raw else None


def key_id(text: str) -> int | None:
    """The id of the key that a token says it is signed with, or None when it can't be a token."""
    raw = _raw(text)
    return raw[0] >> 3 if raw else None


def read(text: str, keys: SigningKeys, campaign_ids: Iterable[str]) -> Genuine | None:
    """What a token from an URL or an address says, or None when it is not one of ours.

    `campaign_ids` are the candidates: the campaigns that share the token's `hint` (more do no harm).
    """
    raw = _raw(text)
    key = keys.by_id(raw[0] >> 3) if raw else None
    if raw is None or key is None or raw[0] & 7 not in _KINDS:
        return None
    body, tag = raw[:-_TAG_BYTES], raw[-_TAG_BYTES:]
    for campaign_id in campaign_ids:
        if hmac.compare_digest(tag, _tag(body, campaign_id, key)):
            return Genuine(Kind(raw[0] & 7), _email_id(body, campaign_id))
    return None


def _tag(body: bytes, campaign_id: str, key: SigningKey) -> bytes:
    keyed, keyed_again = _keyed(key.secret)
    inner, outer = keyed.copy(), keyed_again.copy()
    inner.update(body + campaign_id.encode())
    outer.update(inner.digest())
    return outer.digest()[:_TAG_BYTES]


@lru_cache(maxsize=MAX_KEY_ID + 1)
def _keyed(secret: bytes) -> tuple[HASH, HASH]:
    """HMAC-SHA-256 (RFC 2104, 2) with the key taken in, which is half of the work for a text as short as ours."""
    block = (sha256(secret).digest() if len(secret) > _BLOCK_BYTES else secret).ljust(_BLOCK_BYTES, b"\0")
    return sha256(bytes(byte ^ 0x36 for byte in block)), sha256(bytes(byte ^ 0x5C for byte in block))


def _email_id(body: bytes, campaign_id: str) -> str:
    start = 1 + _HINT_BYTES
    contact, occurrence = body[start : start + _CONTACT_BYTES], body[start + _CONTACT_BYTES :]
    return email_id(campaign_id, contact.hex(), int.from_bytes(occurrence, "big"))


def _occurrence_bytes(occurrence: int) -> bytes:
    return occurrence.to_bytes((occurrence.bit_length() + 7) // 8, "big")


@lru_cache(maxsize=64)  # of one text the hint, the key and the whole are asked for in a row
def _raw(text: str) -> bytes | None:
    """The bytes of either spelling; told apart by length: 48 and more characters can only be base32."""
    try:
        raw = _from_base32(text) if len(text) >= 48 else _from_base64(text)
    except (Base64Error, ValueError):
        return None
    return raw if _FIXED_BYTES <= len(raw) <= _FIXED_BYTES + 2 else None


def _from_base32(text: str) -> bytes:
    """Strict as well, but for the case: mail servers may change that."""
    raw = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    if in_address(raw) != text.lower():
        raise ValueError(text)
    return raw


def _from_base64(text: str) -> bytes:
    """Strict: each token has exactly one spelling, so that a changed last character is refused too."""
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if in_url(raw) != text:
        raise ValueError(text)
    return raw


def bounce_address(email: str, domain: str, keys: SigningKeys) -> str:
    """The envelope sender of one email (VERP): a bounce to it names the email, whatever the bounce says."""
    return f"b+{in_address(token(Kind.BOUNCE, email, keys))}@{domain}"


def ways_out(email: str, base_url: str, domain: str, keys: SigningKeys) -> WaysOut:
    """The unsubscribe page and address of one email, from one token."""
    raw = token(Kind.UNSUBSCRIBE, email, keys)
    mailto = f"mailto:u+{in_address(raw)}@{domain}?subject=unsubscribe"
    return WaysOut(f"{base_url}/u/{in_url(raw)}", mailto)


def preferences_url(email: str, base_url: str, keys: SigningKeys) -> str:
    """The page where a reader chooses topics."""
    return f"{base_url}/p/{in_url(token(Kind.PREFERENCES, email, keys))}"


def open_url(email: str, base_url: str, keys: SigningKeys) -> str:
    """The pixel whose fetching is an open."""
    return f"{base_url}/o/{in_url(token(Kind.OPEN, email, keys))}.gif"


def click_url(email: str, base_url: str, keys: SigningKeys) -> str:
    """What all tracked links of one email begin with; `/n` follows, n the place in `Template.links`.

    The target is looked up, never written into the link: nobody can make ours redirect elsewhere.
    """
    return f"{base_url}/c/{in_url(token(Kind.CLICK, email, keys))}"
