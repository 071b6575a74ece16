"""The mail server that takes what comes back: bounces, complaints, replies. It relays nothing, and knows no accounts.

What it says is decided by a `Desk`; here are the protocol and its limits. Anybody on the internet talks to it: every
number of things, every wait and every size has an end.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, cast

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from domain.inbound_mail import ArrivedMail

log = structlog.get_logger()
# Its warnings quote what clients send; ours are made of numbers.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)

_BUSY = "421 4.3.2 Too many connections, come back later"
_BUSY_WITH_YOU = "421 4.7.0 Too many connections from your address, come back later"
_STOPPING = "421 4.3.2 Closing for maintenance, come back soon"
_ENOUGH = "421 4.7.0 That was enough for one connection"
_MANY_RECIPIENTS = "452 4.5.3 Too many recipients in one mail"
_TROUBLE = "451 4.3.0 Trouble on our side, try again later"
_LINE_BYTES = 64 << 10  #: notices carry lines far over the 1,000 that are allowed (RFC 5321, 4.5.3.1.6)
_COMMANDS = {"*": 50}
_CUT_OFF = 2  #: times the size limit that a client may go on sending beyond it, before we hang up
#: Each line is kept as an object of about 100 bytes until the mail is whole, be it empty.
_LINE_COUNTS = 40  #: bytes of the size limit: lines are that long on average, or there are too many
_FEW_LINES = 10_000  #: are always taken


class Desk(Protocol):
    """Says what is answered."""

    async def closed(self) -> str | None:
        """Why no mail is taken now, as a reply of 4xx; None: come in."""

    async def rcpt(self, address: str) -> str | None:
        """Why this recipient is refused, as a reply; None: it is one of ours."""

    async def data(self, mail: ArrivedMail) -> str:
        """The reply to a mail; 250 only when what it says can't get lost any more."""


@dataclass(frozen=True, slots=True)
class InboundOptions:
    host: str = "127.0.0.1"
    port: int = 2526  #: 0 takes any free one
    hostname: str = "localhost"  #: what it calls itself
    max_bytes: int = 10 << 20  #: of one mail
    max_recipients: int = 100  #: of one mail
    max_connections: int = 200
    max_connections_per_client: int = 20
    max_mails_per_connection: int = 100
    timeout_s: float = 120.0  #: for the next command, and for a whole mail
    session_s: float = 1800.0  #: for a whole connection: who sends a command now and then is told to go as well
    share_port: bool = False  #: SO_REUSEPORT: several processes listen on the same port
    drain_s: float = 10.0  #: for mails that are coming in when it is to stop
    linger_s: float = 10.0  #: for a client to take the last reply before the connection is torn down
    certificate: ssl.SSLContext | None = None  #: offers STARTTLS

    @property
    def max_lines(self) -> int:
        """Of one mail."""
        return max(_FEW_LINES, self.max_bytes // _LINE_COUNTS)


class InboundServer:
    """Listens from `start` on. `on_session` is told of each connection how it was met: open, busy, busy_client."""

    def __init__(self, options: InboundOptions, desk: Desk, on_session: Callable[[str], None] = lambda _: None) -> None:
        self.options = options
        self.desk = desk
        self.on_session = on_session
        self.stopping = False
        self._server: asyncio.Server | None = None
        self._sessions: set[_Session] = set()
        self._clients: Counter[str] = Counter()

    @property
    def is_listening(self) -> bool:
        return self._server is not None and self._server.is_serving()

    @property
    def port(self) -> int:
        """Where it listens."""
        if self._server is None:
            raise RuntimeError("the inbound server has not been started")
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def open_sessions(self) -> int:
        return len(self._sessions)

    async def start(self) -> None:
        """Raises OSError when the port is taken."""
        given, loop = self.options, asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Session(self), given.host, given.port, reuse_port=given.share_port or None, backlog=256
        )

    async def stop(self) -> None:
        """Take no more; let mails that are coming in end, for a while."""
        self.stopping = True
        if self._server is not None:
            self._server.close()
        for session in list(self._sessions):
            session.end_soon(_STOPPING)
        with suppress(TimeoutError):
            async with asyncio.timeout(self.options.drain_s):
                while self._sessions:
                    await asyncio.wait({session.closed for session in self._sessions})
        for session in list(self._sessions):
            session.hang_up()

    def admit(self, session: _Session, client: str) -> str | None:
        """Let the connection in, or the reply that turns it away."""
        if len(self._sessions) >= self.options.max_connections:
            self.on_session("busy")
            return _BUSY
        if self._clients[client] >= self.options.max_connections_per_client:
            self.on_session("busy_client")
            return _BUSY_WITH_YOU
        self._sessions.add(session)
        self._clients[client] += 1
        self.on_session("open")
        return None

    def leave(self, session: _Session, client: str) -> None:
        self._sessions.discard(session)
        self._clients[client] -= 1
        if self._clients[client] <= 0:
            del self._clients[client]


class _Session(SMTP):
    """One connection."""

    line_length_limit = _LINE_BYTES

    def __init__(self, server: InboundServer) -> None:
        self._inbound = server
        self._client = ""
        self._admitted = False
        self._received = 0  #: bytes since the last mail that was answered
        self._lines = 0  #: the same in line ends
        self.mails = 0
        self.in_mail = False
        self._is_over = ""  #: what is said when the mail under way has been answered
        self._deadline: asyncio.TimerHandle | None = None
        self._tear_down: asyncio.TimerHandle | None = None
        given = server.options
        super().__init__(
            _Hooks(server),
            hostname=given.hostname,
            ident="ESMTP",
            enable_SMTPUTF8=True,
            data_size_limit=given.max_bytes,
            timeout=given.timeout_s,
            tls_context=given.certificate,
            command_call_limit={
                **_COMMANDS,
                "MAIL": given.max_mails_per_connection + 1,
                "DATA": given.max_mails_per_connection + 1,
                "RCPT": given.max_mails_per_connection * given.max_recipients + 1,
            },
        )
        self.closed: asyncio.Future[None] = self.loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._admitted:  # it goes on encrypted
            return super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self._client = str(peer[0]) if peer else ""
        refusal = _STOPPING if self._inbound.stopping else self._inbound.admit(self, self._client)
        if refusal:
            cast(asyncio.WriteTransport, transport).write(f"{refusal}\r\n".encode())  # uvloop's is one by its methods
            transport.close()
            return None
        self._admitted = True
        self._deadline = self.loop.call_later(self._inbound.options.session_s, self.end_soon, _ENOUGH)
        return super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """May come twice: from `hang_up`, and from the transport when that is closed."""
        if not self._admitted or self.closed.done():
            return
        self._inbound.leave(self, self._client)
        for timer in (self._deadline, self._tear_down):
            if timer is not None:
                timer.cancel()
        self.closed.set_result(None)
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """One line without an end would be kept whole, and an empty line costs fifty times its size.

        Whoever sends far more than is taken is cut off.
        """
        if not self._admitted:
            return
        self._received += len(data)
        self._lines += data.count(b"\n")
        given = self._inbound.options
        if self._received > (1 + _CUT_OFF) * given.max_bytes or self._lines > given.max_lines:
            log.warning("inbound_cut_off", bytes=self._received, lines=self._lines)
            self.say("552 5.3.4 Too much mail data")
            self.hang_up()
            return
        super().data_received(data)

    def eof_received(self) -> bool | None:
        return super().eof_received() if self._admitted else None

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - the name is aiosmtpd's
        self.in_mail = True
        try:
            await super().smtp_DATA(arg)
        finally:
            self.in_mail = False
            self._received = self._lines = 0
        if self._is_over:
            self.end_soon(self._is_over)

    def end_soon(self, reply: str) -> None:
        """Say goodbye now, or when the mail that is coming in has been answered."""
        self._is_over = reply
        if not self.in_mail:
            self.say(reply)
            self.hang_up()

    def say(self, reply: str) -> None:
        if self.transport is not None:
            cast(asyncio.WriteTransport, self.transport).write(f"{reply}\r\n".encode())

    def hang_up(self) -> None:
        """Close; a client that takes nothing any more has a while for what was said, and is torn off then."""
        if self.transport is None:
            return
        wire = cast(asyncio.WriteTransport, self._original_transport or self.transport)
        self.transport.close()
        if self._is_shaking_hands:
            self.connection_lost(None)  # asyncio tells nobody of a connection that ends in a handshake
            wire.abort()
        elif self._tear_down is None:
            self._tear_down = self.loop.call_later(self._inbound.options.linger_s, wire.abort)

    @property
    def _is_shaking_hands(self) -> bool:
        """Whether STARTTLS was said, and the connection is not encrypted yet."""
        return self._tls_protocol is not None and (self.session is None or self.session.ssl is None)

    def _timeout_cb(self) -> None:  # aiosmtpd's own would only close
        self.hang_up()


class _Hooks:
    """What aiosmtpd calls; the names are its own."""

    def __init__(self, server: InboundServer) -> None:
        self._options = server.options
        self._desk = server.desk

    async def handle_MAIL(  # noqa: N802
        self, server: _Session, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if server.mails >= self._options.max_mails_per_connection:
            asyncio.get_running_loop().call_soon(server.hang_up)
            return _ENOUGH
        if refusal := await self._desk.closed():
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: _Session, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= self._options.max_recipients:
            return _MANY_RECIPIENTS
        if refusal := await self._desk.rcpt(address):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: _Session, session: Session, envelope: Envelope) -> str:  # noqa: N802
        server.mails += 1
        sender = (envelope.mail_from or "").strip("<>")  # aiosmtpd says <> for nobody
        return await self._desk.data(ArrivedMail(sender, tuple(envelope.rcpt_tos), envelope.original_content or b""))

    async def handle_exception(self, error: Exception) -> str:
        log.error("inbound_failed", exc_info=error)
        return _TROUBLE
