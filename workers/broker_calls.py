"""How we speak to the broker: bounded in time, and with one set of errors for all the ways it can break."""

import asyncio
import errno
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import Protocol

import aiormq.exceptions as amqp

#: Everything that aio-pika and aiormq were seen to raise when a connection or channel is away or dying.
#: RuntimeError: "Connection was not opened", ChannelInvalidStateError.
BROKER_ERRORS: tuple[type[Exception], ...] = (amqp.AMQPError, OSError, TimeoutError, RuntimeError)

CALL_S = 20.0  #: declaring, opening, consuming: a healthy broker answers within milliseconds
CLOSE_S = 3.0  #: a dead peer never answers a close


class Closable(Protocol):
    def close(self) -> Awaitable[object]: ...


@asynccontextmanager
async def broker_call(timeout_s: float = CALL_S) -> AsyncIterator[None]:
    """Ends the calls inside it after `timeout_s`; a lost connection always is an error in `BROKER_ERRORS`.

    aio-pika's own timeouts do not cover its waiting for a channel, and a stuck connection ends a publish with
    a CancelledError that nobody asked for, which would end a task silently.
    """
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except asyncio.CancelledError as error:
        if _cancelled_by_us():
            raise
        raise ConnectionError("the connection was lost in the middle of a call") from error


async def close_quietly(thing: Closable) -> None:
    """Close a connection or channel that may be dead already."""
    with suppress(*BROKER_ERRORS):
        async with broker_call(CLOSE_S):
            await thing.close()


def in_words(error: BaseException | None) -> str:
    """What went wrong, for people: the broker's own text where there is one."""
    if error is None:
        return "closed"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, amqp.ProbableAuthenticationError):  # its reason is a pattern that nobody filled in
        return "user or password refused, probably: the server hung up at the login"
    if isinstance(error, amqp.AuthenticationError):
        return f"user or password refused ({error.reason})"
    if isinstance(error, OSError) and error.errno == errno.ECONNREFUSED:
        return "nothing listens there (connection refused)"
    return str(error) or type(error).__name__


def _cancelled_by_us() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
