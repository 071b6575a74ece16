"""A relay that answers as a test tells it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TypeAlias

from domain.assembly import OutgoingMail
from domain.delivery import Attempt, Wire
from domain.errors import RelayUnavailable
from domain.smtp_reply import Reply

OK = Reply(250, "2.0.0 Ok: queued")

#: A reply, or how the connection was lost: Wire.UNKNOWN after the final dot, Wire.NOT_SENT before it.
Answer: TypeAlias = Reply | Wire


class MemoryRelay:
    """Takes every mail, but for the addresses with a script: one answer per try, the last one for all later tries."""

    def __init__(self, answers: Mapping[str, Sequence[Answer]] | None = None, *, down_after: int | None = None) -> None:
        self.scripts = {address: list(script) for address, script in (answers or {}).items()}
        self.down_after = down_after  #: mails after which the relay goes away; None = never
        self.taken: list[OutgoingMail] = []  #: what it answered 250, in order; and what it took without an answer
        self.tries: list[str] = []  #: recipient of every try, in order

    async def deliver(self, mails: Sequence[OutgoingMail], keep_going: Callable[[], bool]) -> AsyncIterator[Attempt]:
        for mail in mails:
            if not keep_going():
                return
            if self.down_after is not None and len(self.tries) >= self.down_after:
                raise RelayUnavailable("the scripted relay is down")
            yield self._attempt(mail)

    def _attempt(self, mail: OutgoingMail) -> Attempt:
        self.tries.append(mail.recipient)
        answer = self._answer(mail.recipient)
        if answer is Wire.UNKNOWN or (isinstance(answer, Reply) and answer.code < 400):
            self.taken.append(mail)
        if isinstance(answer, Reply):
            return Attempt(mail.email_id, Wire.ANSWERED, answer)
        return Attempt(mail.email_id, answer)

    def _answer(self, recipient: str) -> Answer:
        script = self.scripts.get(recipient)
        if not script:
            return OK
        return script.pop(0) if len(script) > 1 else script[0]
