"""Bearer tokens in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.api_token import ApiToken


class MemoryApiTokens:
    def __init__(self) -> None:
        self.stored: dict[str, ApiToken] = {}
        self.looks = 0

    async def add(self, token: ApiToken) -> None:
        self.stored.setdefault(token.id, token)

    async def find(self, token_id: str) -> ApiToken | None:
        self.looks += 1
        return self.stored.get(token_id)

    async def all(self) -> Sequence[ApiToken]:
        return sorted(self.stored.values(), key=lambda token: (token.created_at, token.id))

    async def revoke(self, token_id: str, at: datetime) -> bool:
        token = self.stored.get(token_id)
        if token is not None:
            self.stored[token_id] = replace(token, revoked_at=token.revoked_at or at)
        return token is not None
