"""What came of a test mail: shown to whoever asked for it, and in no number (R69)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.delivery import Attempt, Wire
from domain.smtp_reply import Reply


class TestState(StrEnum):
    __test__ = False  # the name is of a test mail, not a test's

    TAKEN = "taken"  #: the relay answered 250 to the final dot
    REFUSED = "refused"  #: the relay refused it, for now or for good; nothing more is tried
    IN_DOUBT = "in_doubt"  #: the connection was lost after the final dot: it may arrive; nothing more is tried
    WAITING = "waiting"  #: not sent yet: the relay is away, and is tried again


@dataclass(frozen=True, slots=True)
class TestOutcome:
    __test__ = False

    request: str  #: the `request_id` of the request
    address: str  #: sendable form
    state: TestState
    at: datetime
    reply: Reply | None = None
    detail: str | None = None  #: why it waits

    @property
    def ended(self) -> bool:
        return self.state is not TestState.WAITING


def state_of(attempt: Attempt) -> TestState:
    """What one try came to. Test mails are tried once: whoever waits for one asks again."""
    if attempt.wire is Wire.NOT_SENT:
        return TestState.WAITING
    if attempt.wire is Wire.UNKNOWN:
        return TestState.IN_DOUBT
    return TestState.TAKEN if attempt.reply is not None and attempt.reply.code < 400 else TestState.REFUSED
