"""What somebody asked for by a message is noted before it is done, and how it ended: the audit log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from domain.audit import DONE, AuditEntry
from domain.errors import Permanent
from messages.base import Message
from messages.envelope import Envelope
from workers.settlement import Received

M = TypeVar("M", bound=Message)


class Trail(Protocol):
    async def asked(self, message: Message, event: Envelope) -> AuditEntry | None: ...

    async def ended(self, entry: AuditEntry, outcome: str = DONE) -> None: ...


class _NoTrail:
    async def asked(self, message: Message, event: Envelope) -> AuditEntry | None:
        return None

    async def ended(self, entry: AuditEntry, outcome: str = DONE) -> None: ...


NO_TRAIL: Trail = _NoTrail()


async def noted(
    trail: Trail, received: Received[M], handle: Callable[[M], Awaitable[Sequence[Message]]]
) -> Sequence[Message]:
    """What the handler returns. Done anew after a crash, it is the same entry."""
    entry = await trail.asked(received.message, received.envelope)
    if entry is None:
        return await handle(received.message)
    try:
        follow_ups = await handle(received.message)
    except Permanent as refused:
        await trail.ended(entry, refused.code)
        raise
    await trail.ended(entry)
    return follow_ups
