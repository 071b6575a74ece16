"""The portions of one batch that the relay has at this moment, and what it has said of them."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, cast

from domain.assembly import OutgoingMail
from domain.delivery import Attempt, Wire
from domain.email import Email
from domain.errors import RelayUnavailable, StoreUnavailable
from handlers.outcome_writer import Tried
from handlers.ports.sending import Relay
from handlers.recording import Recording


@dataclass(slots=True)
class UnderWay:
    """Nothing of it goes on once the block is left: nothing may go out whose outcome nobody waits for."""

    relay: Relay
    rows: Mapping[str, Email]  #: of the batch, by id
    recording: Recording
    is_wanted: Callable[[float], bool]  #: whether more may be begun, by when the first was
    trouble: RelayUnavailable | StoreUnavailable | None = None  #: the rest of the batch is given back
    left: int = 0  #: mails that the relay has not told of
    _broken: list[Tried] = field(default_factory=list)  #: not sent, after a second connection broke
    _begun_s: float = math.inf
    _failed: bool = False
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def goes_on(self) -> bool:
        """Whether another mail may be begun."""
        return self.trouble is None and not self._failed and self.is_wanted(self._begun_s)

    @property
    def has_begun(self) -> bool:
        return bool(self._tasks)

    def begin(self, mails: Sequence[OutgoingMail], now_s: float) -> None:
        self._begun_s = min(self._begun_s, now_s)
        self.left += len(mails)
        self._tasks.append(asyncio.create_task(self._carry(mails)))

    async def ended(self) -> None:
        """Returns when the relay has no more of it and all answers are durable."""
        if self._tasks:
            await asyncio.wait(self._tasks)
        for task in self._tasks:
            task.result()
        if self.trouble is None:  # an outage uses up nobody's tries; without one, the mails themselves broke it
            for each in self._broken:
                self.recording.add(each)
        await self.recording.complete()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry(self, mails: Sequence[OutgoingMail]) -> None:
        try:
            await self._carried(mails)
        except RelayUnavailable as error:
            self.trouble = error
        except BaseException:
            self._failed = True
            raise

    async def _carried(self, mails: Sequence[OutgoingMail]) -> None:
        attempts = cast("AsyncGenerator[Attempt, None]", self.relay.deliver(mails, self.goes_on))
        async with aclosing(attempts):
            async for attempt in attempts:
                self.left -= 1
                tried = (self.rows[attempt.email_id], attempt)
                if attempt.wire is Wire.NOT_SENT:
                    self._broken.append(tried)
                else:
                    self.recording.add(tried)
