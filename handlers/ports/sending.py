"""Relays, and how fast mails go."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from domain.assembly import OutgoingMail
from domain.connection_shares import ConnectionAsk
from domain.delivery import Attempt
from domain.throttle import Ask, Grant
from domain.warm_up import DayGrant


class Throttles(Protocol):
    """How fast mails go, shared by all workers, on the server's clock."""

    async def take(self, ask: Ask) -> Grant:
        """Report what the servers said, and take permits: never more altogether than the rate."""

    async def warm_up(self, domain: str, wanted: int, caps: Sequence[int]) -> DayGrant:
        """Permits out of what a sending domain may send today."""

    async def give_back(self, domain: str, count: int) -> None:
        """So many of today's permits were not used: they are there for others, today."""

    async def day_over(self, domain: str, caps: Sequence[int]) -> float:
        """Seconds until a domain that has used up its day may send again; 0 while it may."""

    async def limited(self) -> frozenset[str]:
        """Names of the throttles that servers slowed down, or that were set by hand."""

    async def connect(self, ask: ConnectionAsk) -> int | None:
        """How many connections this worker may have from now on; all together never more than the limit.

        None: as many as it likes. Raises Conflict when others kept asking at the same moment.
        """


class MailServers(Protocol):
    """Mail servers of domains, looked up beside the sending."""

    def of(self, domain: str) -> Sequence[str] | None:
        """Host names, the preferred one first; empty: there are none. None while they are not known: nothing waits."""


class Connections(Protocol):
    """What this process has open to one relay."""

    @property
    def open(self) -> int:
        """Connections, those that rest or close included."""

    def wanted(self) -> int:
        """The most that were wanted at once since this was asked last."""

    def allow(self, count: int | None) -> None:
        """How many may be open from now on; None: as many as its own settings say."""


class Relay(Protocol):
    def deliver(self, mails: Sequence[OutgoingMail], keep_going: Callable[[], bool]) -> AsyncIterator[Attempt]:
        """Send each mail once, in any order, and tell how each try ended; `keep_going` is asked before each.

        Raises:
            RelayUnavailable: the relay cannot be reached, or refuses us; mails without an attempt were not sent.
        """
