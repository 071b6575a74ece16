"""Workers, and how many messages they take at once."""

from __future__ import annotations

from pydantic import Field

from config.group import Group


class WorkerSettings(Group):
    """How workers take messages."""

    concurrency: int = Field(4, ge=1, le=200, description="messages under way at once in a worker for single messages")
    window_messages: int = Field(200, ge=1, le=5000, description="messages settled together in a worker for windows")
    window_wait_s: float = Field(0.05, gt=0, description="how long a window waits for more messages")
    retry_delays_s: list[float] = Field(
        [5, 30, 120, 600, 3600],
        description="wait queues for messages that failed for now; changing them needs `campaigns init`",
    )
    max_attempts: int = Field(10, ge=1, description="then a message is parked")
    max_age_s: float = Field(
        604800, gt=0, description="a message that fails so long after its first try is parked, outages included"
    )
    hold_s: float = Field(
        60,
        ge=0,
        description="how long work is held in hand while a server is away, before the worker takes no more of it",
    )
    time_limit_s: float = Field(
        600, gt=0, le=800, description="how long handling a message may take; then it has failed. Not for sending"
    )
    grace_s: float = Field(30, gt=0, description="how long a stopping worker may take to finish what it has begun")
