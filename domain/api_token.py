"""Bearer tokens of the event gateway: who may publish which types of message. Only a hash of them is kept.

A token is 32 random bytes, so its SHA-256 can be neither guessed nor looked up; slow hashes are for passwords.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from domain.tracking import in_url

ALL = "all"  #: the scope of every message type there is or will be
_ID_BYTES, _SECRET_BYTES = 6, 32
#: The fixed beginning lets scanners find tokens that were committed or logged by mistake.
_SHAPE = re.compile(r"cgw_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class ApiToken:
    id: str  #: 12 hex digits; stands in the token, too
    name: str  #: whom it was given to
    scopes: frozenset[str]  #: message types, or ALL
    digest: str  #: SHA-256 of the whole token, hex digits
    created_at: datetime
    revoked_at: datetime | None = None

    def allows(self, message_type: str) -> bool:
        return message_type in self.scopes or ALL in self.scopes

    def is_shown_by(self, text: str) -> bool:
        """Whether this text is the token, and it still counts."""
        return self.revoked_at is None and hmac.compare_digest(self.digest, _digest(text))


def new_token(name: str, scopes: frozenset[str], now: datetime, random: Callable[[int], bytes]) -> tuple[ApiToken, str]:
    """A token, and its text: the only time that anybody sees it."""
    id_ = random(_ID_BYTES).hex()
    text = f"cgw_{id_}_{in_url(random(_SECRET_BYTES))}"
    return ApiToken(id_, name, scopes, _digest(text), now), text


def token_id(text: str) -> str | None:
    """Which token a text says it is; None where it can be none."""
    found = _SHAPE.fullmatch(text)
    return found[1] if found else None


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
