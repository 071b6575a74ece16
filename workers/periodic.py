"""Work that no message asks for: done every so often, by whichever process runs it."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime

import structlog

from domain.errors import CampaignsError
from messages.base import Message
from workers.outgoing import outgoing
from workers.settlement import Publishes, utc_now

log = structlog.get_logger()


class Periodic:
    """Calls `job` every `tick_s` seconds and publishes what it returns. Trouble is logged and tried again next time.

    The job decides who is to do it (a lease), and must bear being repeated when publishing failed.
    """

    def __init__(
        self,
        name: str,
        job: Callable[[], Awaitable[Sequence[Message]]],
        publisher: Publishes,
        tick_s: float,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.name = name
        self._job = job
        self._publisher = publisher
        self._tick_s = tick_s
        self._now = now
        self._stopping = asyncio.Event()

    @property
    def is_ready(self) -> bool:
        return True

    async def run(self) -> None:
        while not self._stopping.is_set():
            await self._once()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._tick_s):
                    await self._stopping.wait()

    async def stop(self) -> None:
        self._stopping.set()

    async def _once(self) -> None:
        try:
            messages = await self._job()
            await self._publisher.publish(
                [outgoing(message, id=str(uuid.uuid4()), time=self._now()) for message in messages]
            )
        except CampaignsError as error:
            log.warning("periodic_failed", job=self.name, error=str(error), again_in_s=self._tick_s)
        except Exception:
            log.exception("periodic_failed", job=self.name, again_in_s=self._tick_s)
