"""A mail server that delivers nothing: it keeps what it accepts, and refuses and defers as it is told.

For the demo, for tests and for docker-compose. What it does with a recipient is said by the rules it was made with
(by address), else by the local part of the address, up to the first `.` or `+`:

| local part | at | answer |
|---|---|---|
| `defer-N` | RCPT | the first N tries 451 4.7.1, then accepted |
| `full-N` | RCPT | the first N tries 452 4.2.2, then accepted |
| `closing-N` | RCPT | the first N tries 421 4.3.2 and the connection is closed, then accepted |
| `unknown` | RCPT | 550 5.1.1 |
| `full` | RCPT | 552 5.2.2 |
| `disabled` | RCPT | 550 5.2.1 |
| `blocked` | RCPT | 550 5.7.1, a block list |
| `spam` | DATA | 554 5.7.1 |
| anything else | | accepted |

So `unknown.jane.doe@example.com` is refused and `defer-2+jane@example.com` is accepted at the third try.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session

CLOSING = "421 4.3.2 Closing for a while"
_ACCEPTED = "250 2.0.0 Caught"
_RECIPIENT_OK = "250 2.1.5 OK"
_KEPT = 1000  #: mails held in memory for whoever asks


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What is said to a recipient's tries: `refusals` one after the other, then acceptance or `final` for ever."""

    refusals: tuple[str, ...] = ()
    final: str | None = None  #: None: accepted
    after_data: bool = False  #: said after the final dot, not at RCPT TO

    def answer(self, tries: int) -> str | None:
        """The refusal of the try after `tries` earlier ones, or None."""
        return self.refusals[tries] if tries < len(self.refusals) else self.final


_ACCEPTS = Behaviour()
_FINAL: Mapping[str, Behaviour] = {
    "unknown": Behaviour(final="550 5.1.1 User unknown"),
    "full": Behaviour(final="552 5.2.2 Mailbox full"),
    "disabled": Behaviour(final="550 5.2.1 Mailbox disabled"),
    "blocked": Behaviour(final="550 5.7.1 Sending host blocked by a block list"),
    "spam": Behaviour(final="554 5.7.1 Message looks like spam", after_data=True),
}
_PASSING: Mapping[str, str] = {
    "defer": "451 4.7.1 Greylisted, please come back",
    "full": "452 4.2.2 Mailbox full",
    "closing": CLOSING,
}
_ORDER = re.compile(r"([a-z]+)(?:-(\d{1,3}))?(?=[.+]|$)")


def behaviour_of(address: str) -> Behaviour:
    """What the local part of an address asks for."""
    order = _ORDER.match(address.partition("@")[0].lower())
    if order is None:
        return _ACCEPTS
    word, times = order.groups()
    if times is None:
        return _FINAL.get(word, _ACCEPTS)
    return Behaviour((_PASSING[word],) * int(times)) if word in _PASSING else _ACCEPTS


@dataclass(frozen=True, slots=True)
class Caught:
    sender: str
    recipient: str
    raw: bytes  #: as it came, CRLF lines


@dataclass(frozen=True, slots=True)
class CatcherOptions:
    host: str = "127.0.0.1"
    port: int = 0  #: 0: any free one
    directory: Path | None = None  #: a Maildir to keep mails in; None: the last thousand are kept in memory only
    rules: Mapping[str, Behaviour] = field(default_factory=dict)  #: by address; before what local parts say
    max_bytes: int = 32 * 1024 * 1024  #: of one mail


class Catcher:
    """The server, and what it has seen. Use it as `async with Catcher(options) as catcher`."""

    def __init__(self, options: CatcherOptions) -> None:
        self._options = options
        self._server: asyncio.Server | None = None
        self._maildir = _Maildir(options.directory) if options.directory else None
        self._sessions: WeakSet[SMTP] = WeakSet()
        self.accepted: Counter[str] = Counter()  #: mails accepted, by recipient
        self.tries: Counter[str] = Counter()  #: tries that came to an answer, by recipient
        self.mails: deque[Caught] = deque(maxlen=_KEPT)  #: the last ones accepted

    async def __aenter__(self) -> Catcher:
        if self._maildir:
            self._maildir.create()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, self._options.host, self._options.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for session in list(self._sessions):
            _hang_up(session)

    @property
    def port(self) -> int:
        """Where it listens."""
        if self._server is None:
            raise RuntimeError("the catcher has not been started")
        return int(self._server.sockets[0].getsockname()[1])

    def to(self, recipient: str) -> Sequence[Caught]:
        """Of the mails in memory, those that came for this address."""
        return [mail for mail in self.mails if mail.recipient == recipient]

    def refusal(self, recipient: str, *, after_data: bool) -> str | None:
        """What is said to this recipient now; every answer that ends a try is counted."""
        behaviour = self._options.rules.get(recipient) or behaviour_of(recipient)
        if behaviour.after_data is not after_data:
            return None
        answer = behaviour.answer(self.tries[recipient])
        if answer is not None:
            self.tries[recipient] += 1
        return answer

    def keep(self, mail: Caught) -> None:
        self.tries[mail.recipient] += 1
        self.accepted[mail.recipient] += 1
        self.mails.append(mail)
        if self._maildir:
            self._maildir.write(mail)

    def _protocol(self) -> SMTP:
        session = SMTP(
            _Hooks(self),
            hostname="catcher",
            ident="crm-campaigns mail catcher",
            enable_SMTPUTF8=True,
            data_size_limit=self._options.max_bytes,
        )
        self._sessions.add(session)
        return session


class _Hooks:
    """What aiosmtpd calls; the names are its own."""

    def __init__(self, catcher: Catcher) -> None:
        self._catcher = catcher

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        refusal = self._catcher.refusal(address, after_data=False)
        if refusal == CLOSING:
            asyncio.get_running_loop().call_soon(_hang_up, server)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or _RECIPIENT_OK

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = envelope.original_content or b""
        for recipient in envelope.rcpt_tos:
            if refusal := self._catcher.refusal(recipient, after_data=True):
                return refusal
        for recipient in envelope.rcpt_tos:
            self._catcher.keep(Caught(envelope.mail_from or "", recipient, raw))
        return _ACCEPTED


def _hang_up(server: SMTP) -> None:
    if server.transport is not None:
        server.transport.close()


class _Maildir:
    """A directory that any mail program opens (cr.yp.to/proto/maildir.html); names are never used twice."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._count = itertools.count()
        self._prefix = f"{int(time.time())}.M{time.time_ns() % 10**9}P{os.getpid()}"

    def create(self) -> None:
        for name in ("tmp", "new", "cur"):
            (self._directory / name).mkdir(parents=True, exist_ok=True)

    def write(self, mail: Caught) -> None:
        """Whole or not at all, LF lines as in every Maildir; envelope in Return-Path and Delivered-To."""
        name = f"{self._prefix}Q{next(self._count)}.catcher"
        head = f"Return-Path: <{mail.sender}>\nDelivered-To: {mail.recipient}\n".encode()
        unfinished = self._directory / "tmp" / name
        unfinished.write_bytes(head + mail.raw.replace(b"\r\n", b"\n"))
        unfinished.rename(self._directory / "new" / name)
