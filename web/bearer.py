"""Who may publish: looks bearer tokens up (RFC 6750), and remembers them for a few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from domain.api_token import ApiToken, token_id
from handlers.ports.operations import ApiTokens
from web.client import site_of
from web.flood import Flood

REMEMBERED_S = 5.0  #: so long may a token that was revoked go on
_MOST = 1_000  #: tokens that are remembered


class TooManyTries(Exception):
    """Somebody shows one token after the other."""


class Bearers:
    def __init__(self, tokens: ApiTokens, tries: Flood, monotonic_s: Callable[[], float]) -> None:
        self._tokens = tokens
        self._tries = tries
        self._monotonic_s = monotonic_s
        self._known: dict[str, tuple[ApiToken, float]] = {}
        self._looking: dict[str, asyncio.Task[ApiToken | None]] = {}

    async def of(self, authorization: str, client: str) -> ApiToken | None:
        """Whose token the header shows; None where it shows none that counts.

        Raises:
            TooManyTries: this client, or another of its network (IPv6, /64), showed too many that had to be looked up.
            StoreUnavailable: it is not remembered, and MongoDB does not answer.
        """
        scheme, _, text = authorization.partition(" ")
        id_ = token_id(text.strip()) if scheme.lower() == "bearer" else None
        if id_ is None:
            return None
        token = self._remembered(id_, text.strip()) or await self._looked_up(id_, text.strip(), client)
        return token if token is not None and token.is_shown_by(text.strip()) else None

    def _remembered(self, id_: str, text: str) -> ApiToken | None:
        token, until_s = self._known.get(id_, (None, 0.0))
        return token if token and self._monotonic_s() < until_s and token.is_shown_by(text) else None

    async def _looked_up(self, id_: str, text: str, client: str) -> ApiToken | None:
        """One question at a time for each token, whoever asks; a good token that is only to be confirmed is no try."""
        if id_ not in self._looking:
            known, _ = self._known.get(id_, (None, 0.0))
            if not (known and known.is_shown_by(text)) and not self._tries.admits(site_of(client)):
                raise TooManyTries
            self._looking[id_] = asyncio.create_task(self._found(id_))
        return await asyncio.shield(self._looking[id_])

    async def _found(self, id_: str) -> ApiToken | None:
        try:
            token = await self._tokens.find(id_)
        finally:
            del self._looking[id_]
        if token is not None:
            self._known[id_] = (token, self._monotonic_s() + REMEMBERED_S)
            if len(self._known) > _MOST:
                del self._known[next(iter(self._known))]
        return token
