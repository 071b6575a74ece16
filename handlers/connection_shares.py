"""Keeps this process's connections to each relay within its part of what all workers may open together (X5)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from domain.connection_shares import LIVE_S, ConnectionAsk
from domain.errors import StoreUnavailable
from domain.throttle import Limits
from handlers.ports.sending import Connections, Throttles
from messages.base import Message

LOOK_EVERY_S = 0.25  #: in memory only, for a worker that waits for its first connection
_ASK_EVERY_S = 1.0
_ANSWER_S = 2.0  #: a store that hangs must not keep us from noticing that we are counted out


@dataclass(slots=True)
class _Share:
    relay: Connections
    limits: Limits
    allowed: int | None = None  #: connections; None: any number
    heard_s: float = 0  #: when it asked what was answered last
    asked_s: float = 0
    told: int = 0  #: connections that it wanted or had when it asked last
    peak: int = 0  #: the most that it wanted since then


@dataclass(slots=True)
class ConnectionShares:
    throttles: Throttles
    worker: str  #: names this process
    relays: Mapping[str, Connections]  #: by the name of its throttle
    limits: Mapping[str, Limits]
    elapsed: Callable[[], float] = time.monotonic
    _shares: dict[str, _Share] = field(default_factory=dict)

    def begin(self) -> None:
        """Before anything is sent: a relay with a limit gets no connection before the others were asked."""
        for name, relay in self.relays.items():
            limits = self.limits.get(name, Limits())
            self._shares[name] = share = _Share(relay, limits)
            _allow(share, None if limits.connections is None else 0)

    async def look(self) -> Sequence[Message]:
        """One question a second and relay, none while it is not used. What was allowed last counts until the answer,
        or until the others count us out: what we had is theirs then.

        Raises:
            StoreUnavailable: MongoDB does not answer.
        """
        for name, share in self._shares.items():
            if share.allowed and self.elapsed() - share.heard_s >= LIVE_S:
                _allow(share, 0)
            share.peak = max(share.peak, share.relay.wanted())
            if self._is_to_ask(share):
                await self._ask(name, share)
        return []

    def _is_to_ask(self, share: _Share) -> bool:
        using = share.peak or share.relay.open
        waited_s = self.elapsed() - share.asked_s
        return bool(using and not share.told) or bool((using or share.told) and waited_s >= _ASK_EVERY_S)

    async def _ask(self, name: str, share: _Share) -> None:
        share.asked_s, wanted, opened = self.elapsed(), share.peak, share.relay.open
        share.peak, share.told = 0, max(wanted, opened)
        ask = ConnectionAsk(name, self.worker, wanted, opened, share.limits)
        _allow(share, await self._answered(ask))
        share.heard_s = share.asked_s

    async def _answered(self, ask: ConnectionAsk) -> int | None:
        try:
            async with asyncio.timeout(_ANSWER_S):
                return await self.throttles.connect(ask)
        except TimeoutError as error:
            raise StoreUnavailable(
                f"MongoDB does not say within {_ANSWER_S:g} s how many connections to open"
            ) from error


def _allow(share: _Share, count: int | None) -> None:
    share.allowed = count
    share.relay.allow(count)
