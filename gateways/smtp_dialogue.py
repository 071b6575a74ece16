"""One open SMTP session that sends mail after mail, pipelined where the server offers it (RFC 2920).

aiosmtplib connects, encrypts and logs in; then this protocol takes its transport over, because aiosmtplib waits for
each of four replies per mail. Pipelined, the end of one mail travels with the beginning of the next: one round
trip a mail. Without PIPELINING the same steps are taken one at a time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from domain.assembly import OutgoingMail
from domain.delivery import Attempt, Wire
from domain.smtp_reply import Reply, Stage
from gateways import smtp_wire
from gateways.smtp_options import SmtpTimeouts
from gateways.smtp_outbox import Outbox
from gateways.smtp_replies import NotSmtp, ReplyReader

_CLOSING = 421  #: "service not available, closing transmission channel", at any step (RFC 5321, 3.8)
_NOT_US = frozenset({530, 538})  #: log in first, encrypt first (RFC 4954, 6; RFC 3207, 4): said to us, not of a mail


class _Step(StrEnum):
    MAIL = "MAIL FROM"
    RCPT = "RCPT TO"
    DATA = "DATA"
    BODY = "the final dot"
    VOID = "an empty body"  #: DATA was allowed although nobody was accepted; its reply means nothing
    RSET = "RSET"


_STAGES = {_Step.MAIL: Stage.MAIL, _Step.RCPT: Stage.RCPT, _Step.DATA: Stage.DATA, _Step.BODY: Stage.DATA}


@dataclass(slots=True)
class _Transaction:
    mail: OutgoingMail
    refusal: Reply | None = None  #: the first one; later replies only say that there is nothing to do
    told: bool = False


class Dialogue(asyncio.Protocol):
    """A session after EHLO and AUTH. Use `run` for one group of mails at a time."""

    def __init__(
        self,
        transport: asyncio.Transport,
        *,
        extensions: frozenset[str],
        timeouts_s: SmtpTimeouts,
        relay: str,
    ) -> None:
        self._transport = transport
        self._pipelining = "pipelining" in extensions
        self._extensions = extensions
        self._limits = timeouts_s
        self._relay = relay
        self._loop = asyncio.get_running_loop()
        self._reader = ReplyReader()
        self._awaited: deque[tuple[_Step, _Transaction]] = deque()
        self._since = 0.0  #: when the reply that is awaited first was last brought nearer
        self._timer: asyncio.TimerHandle | None = None
        self._done: asyncio.Future[None] | None = None
        self._lost = asyncio.Event()
        self._outbox: Outbox | None = None
        self.alive = True  #: whether it can take more mails
        self.taken = 0  #: mails begun in this session
        self.answered = 0  #: mails that got a final reply in this session
        self.blamed = False  #: whether it broke at a mail's own command
        self.trouble = ""  #: why it ended, for people

    async def run(self, outbox: Outbox) -> None:
        """Send what the outbox has; every mail taken was told of or given back when this returns."""
        self._outbox = outbox
        self._done = self._loop.create_future()
        self._stop_timer()
        self._go_on()
        self._watch()
        try:
            await self._done
        finally:
            if self._awaited:
                self._hang_up("we gave up waiting")
            self._stop_timer()

    def rest(self, idle_timeout_s: float) -> None:
        """Stay open for the next `run`, but not longer than this."""
        self._timer = self._loop.call_later(idle_timeout_s, self.quit)

    def quit(self) -> None:
        """Say goodbye and close; the answer is not waited for."""
        self._stop_timer()
        if self.alive:
            self.alive = False
            self._transport.write(b"QUIT\r\n")
            self._transport.close()

    async def closed(self) -> None:
        await self._lost.wait()

    # ---- what asyncio calls

    def data_received(self, data: bytes) -> None:
        try:
            for code, text in self._reader.feed(data):
                self._reply(code, text)
                if not self.alive:
                    return
        except NotSmtp as error:
            self._hang_up(f"it said {error}")

    def eof_received(self) -> bool:
        self.alive = False
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.alive = False
        self.trouble = self.trouble or f"it closed the connection{f' ({exc})' if exc else ''}"
        for place, (step, transaction) in enumerate(self._awaited):
            self._give_up(step, transaction, blamed=place == 0 and step is not _Step.MAIL)
        self._awaited.clear()
        self._stop_timer()
        self._finish()
        self._lost.set()

    # ---- replies

    def _reply(self, code: int, text: str) -> None:
        self._since = self._loop.time()
        if not self._awaited:
            return self._hang_up(f"it said {code} unasked")
        step, transaction = self._awaited.popleft()
        reply = Reply(code, text, _STAGES.get(step, Stage.DATA), self._relay)
        if code == _CLOSING or (step is _Step.MAIL and code in _NOT_US):
            return self._closing(step, transaction, reply)
        if step in _NOT_FINAL and 300 <= code < 400 and (step, code) != (_Step.DATA, 354):
            self._awaited.appendleft((step, transaction))
            return self._hang_up(f"it answered {step} with {code}")
        return _NEXT_STEP[step](self, transaction, reply)

    def _closing(self, step: _Step, transaction: _Transaction, reply: Reply) -> None:
        """The mail that is told so was refused for now; at MAIL it is the session that is refused, not the mail."""
        if step is _Step.MAIL and transaction.refusal is None:
            self._awaited.appendleft((step, transaction))
        elif not transaction.told:
            self._answer(transaction, transaction.refusal or reply)
        self._hang_up(f"it said {reply.code} {reply.text}")

    def _after_mail(self, transaction: _Transaction, reply: Reply) -> None:
        if reply.code < 300:
            return self._ask(_Step.RCPT, transaction)
        transaction.refusal = reply
        if not self._pipelining:
            self._answer(transaction, reply)
            self._go_on()
        return None

    def _after_rcpt(self, transaction: _Transaction, reply: Reply) -> None:
        if reply.code < 300:
            return self._ask(_Step.DATA, transaction)
        transaction.refusal = transaction.refusal or reply
        if not self._pipelining:
            self._answer(transaction, transaction.refusal)
            self._write(b"RSET\r\n", _Step.RSET, transaction)
        return None

    def _after_data(self, transaction: _Transaction, reply: Reply) -> None:
        refusal = transaction.refusal
        if reply.code == 354 and refusal is None:
            return self._write(smtp_wire.body(transaction.mail), _Step.BODY, transaction)
        if reply.code < 300 and refusal is None:
            self._awaited.appendleft((_Step.DATA, transaction))
            return self._hang_up(f"it answered DATA with {reply.code}")
        self._answer(transaction, refusal or reply)
        if reply.code != 354:
            return self._write(b"RSET\r\n", _Step.RSET, transaction)
        if refusal is not None and refusal.stage is Stage.MAIL:
            return self._hang_up("it allowed DATA after refusing MAIL FROM")
        return self._write(b".\r\n", _Step.VOID, transaction)  # RFC 2920, 3.1: nobody was accepted, so send nothing

    def _after_body(self, transaction: _Transaction, reply: Reply) -> None:
        self._answer(transaction, reply)
        self._go_on()

    def _after_nothing(self, transaction: _Transaction, reply: Reply) -> None:
        self._go_on()

    # ---- commands

    def _ask(self, step: _Step, transaction: _Transaction) -> None:
        """The next command of a mail; pipelined, it is on its way already."""
        if not self._pipelining:
            self._awaited.append((step, transaction))
            self._transport.write(self._command(step, transaction.mail))

    def _write(self, data: bytes, step: _Step, transaction: _Transaction) -> None:
        """What ends a mail and, pipelined, what begins the next one in the same packet."""
        self._awaited.append((step, transaction))
        self._transport.write(data + self._begin() if self._pipelining else data)

    def _go_on(self) -> None:
        """Begin the next mail unless something is under way; without one, the run is over."""
        if self._awaited:
            return
        commands = self._begin() if self.alive else b""
        if commands:
            self._since = self._loop.time()
            self._transport.write(commands)
        else:
            self._finish()

    def _begin(self) -> bytes:
        """The first commands of the next mail that the wire can carry; empty when there is none."""
        while self._outbox is not None and (mail := self._outbox.take()) is not None:
            if refusal := smtp_wire.cannot_carry(mail, self._extensions):
                self._outbox.tell(mail, Attempt(mail.email_id, Wire.ANSWERED, refusal))
                continue
            self.taken += 1
            transaction = _Transaction(mail)
            steps = (_Step.MAIL, _Step.RCPT, _Step.DATA) if self._pipelining else (_Step.MAIL,)
            self._awaited.extend((step, transaction) for step in steps)
            return b"".join(self._command(step, mail) for step in steps)
        return b""

    def _command(self, step: _Step, mail: OutgoingMail) -> bytes:
        if step is _Step.MAIL:
            return smtp_wire.mail_command(mail, self._extensions)
        return smtp_wire.rcpt_command(mail) if step is _Step.RCPT else b"DATA\r\n"

    # ---- ends

    def _answer(self, transaction: _Transaction, reply: Reply) -> None:
        self.answered += 1
        self._told(transaction, Attempt(transaction.mail.email_id, Wire.ANSWERED, reply))

    def _told(self, transaction: _Transaction, attempt: Attempt) -> None:
        transaction.told = True
        if self._outbox is not None:
            self._outbox.tell(transaction.mail, attempt)

    def _give_up(self, step: _Step, transaction: _Transaction, *, blamed: bool) -> None:
        """The connection is lost. The mail at whose command it broke may be the reason; the others never are."""
        if transaction.told or self._outbox is None:
            return
        email_id = transaction.mail.email_id
        if transaction.refusal is not None:
            self._answer(transaction, transaction.refusal)
        elif step is _Step.BODY:
            self._told(transaction, Attempt(email_id, Wire.UNKNOWN))
        elif blamed:
            self.blamed = True
            self._told(transaction, Attempt(email_id, Wire.NOT_SENT))
        else:
            transaction.told = True
            self._outbox.give_back(transaction.mail)

    def _hang_up(self, trouble: str) -> None:
        self.alive = False
        self.trouble = self.trouble or trouble
        self._transport.abort()

    def _finish(self) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(None)

    def _watch(self) -> None:
        """One timer a session, not one a reply: it looks at what is awaited first and for how long."""
        if not self._awaited:
            return
        step = self._awaited[0][0]
        left_s = self._since + self._limit_s(step) - self._loop.time()
        if left_s <= 0:
            self._hang_up(f"it did not answer {step} within {self._limit_s(step):g} s")
        else:
            self._timer = self._loop.call_later(min(left_s, self._limits.shortest_s), self._watch)

    def _limit_s(self, step: _Step) -> float:
        limits = self._limits
        by_step = {_Step.MAIL: limits.mail_s, _Step.RCPT: limits.rcpt_s, _Step.DATA: limits.data_s}
        return by_step.get(step, limits.final_s)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


_NOT_FINAL = frozenset({_Step.MAIL, _Step.RCPT, _Step.DATA, _Step.BODY})
_NEXT_STEP: dict[_Step, Callable[[Dialogue, _Transaction, Reply], None]] = {
    _Step.MAIL: Dialogue._after_mail,
    _Step.RCPT: Dialogue._after_rcpt,
    _Step.DATA: Dialogue._after_data,
    _Step.BODY: Dialogue._after_body,
    _Step.VOID: Dialogue._after_nothing,
    _Step.RSET: Dialogue._after_nothing,
}
