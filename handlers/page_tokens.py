"""From the token in a page's address to the email that it names."""

from __future__ import annotations

from dataclasses import dataclass

from domain.tracking import Kind, SigningKeys, hint, key_id, read
from handlers.token_reader import TokenReader


@dataclass(frozen=True, slots=True)
class PageTokens:
    """Every key of ours is good for ever: mails are kept for years."""

    tokens: TokenReader
    keys: SigningKeys

    async def email_of(self, text: str, kind: Kind) -> str | None:
        """The email, or None: altered, of another purpose, or signed with a key that nobody has.

        Raises:
            Incomplete, StoreUnavailable: as `TokenReader.campaigns_of`.
        """
        about, key = hint(text), key_id(text)
        if about is None or key is None or self.keys.by_id(key) is None:
            return None
        found = read(text, self.keys, await self.tokens.campaigns_of(about))
        return found.email_id if found and found.kind is kind else None


def contact_of(email_id: str) -> str:
    return email_id.split(":")[1]


def campaign_of(email_id: str) -> str:
    return email_id.partition(":")[0]
