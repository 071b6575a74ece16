"""The HTTP server: uvicorn, with patience and room for the head of a request, and told when to stop by its process."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from web.known_heads import Cycle
from web.plain_parser import PlainParser

_MOST_HEAD_BYTES = 16 * 1024
_BACKLOG = 2048
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_NO_TUNNEL = b"HTTP/1.1 501 Not Implemented\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class ServerOptions:
    host: str = "127.0.0.1"
    port: int = 8081
    share_port: bool = False
    max_connections: int = 1000
    head_timeout_s: float = 10  #: for the first line and the headers of a request
    keep_alive_s: int = 15  #: a connection on which nothing is asked is closed
    grace_s: int = 15  #: for answers under way when the process is to end


def listener(options: ServerOptions) -> socket.socket:
    """Bound, not listening yet.

    Raises:
        OSError: the port is taken (EADDRINUSE), or the address is not ours.
    """
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if options.share_port:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((options.host, options.port))
        bound.listen(_BACKLOG)  # tells already here whether somebody else does
    except OSError:
        bound.close()
        raise
    bound.setblocking(False)
    return bound


def server(app: ASGIApp, options: ServerOptions) -> WebServer:
    """`serve(sockets=[…])` runs it until `should_exit`: then idle connections are closed and requests answered."""
    config = uvicorn.Config(
        app,
        http=_Guarded.patient(options.head_timeout_s),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # web/client.py reads them
        limit_concurrency=options.max_connections,
        timeout_keep_alive=options.keep_alive_s,
        timeout_graceful_shutdown=options.grace_s,
    )
    return WebServer(config)


class WebServer(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Signals are the shell's (workers/shell.py)."""
        yield


class _Joined:
    """A transport that sends what is written within one turn of the loop at once: a head and its body are one packet.

    uvicorn writes them one by one, and to send costs more than all else that is done for an open.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []

    def write(self, part: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self._send)
        self._parts.append(part)

    def close(self) -> None:
        self._send()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _send(self) -> None:
        parts, self._parts = self._parts, []
        if parts:
            self._transport.write(b"".join(parts))


class _Guarded(HttpToolsProtocol):
    """Closes connections whose request does not begin, or whose head does not end, in time or in room.

    Who asks for another protocol (RFC 9110, 7.8: `curl --http2`) is answered in this one, whole and once.
    """

    head_timeout_s = 10.0
    _head_bytes = 0
    _is_in_head = True
    _timer: asyncio.TimerHandle | None = None

    @classmethod
    def patient(cls, head_timeout_s: float) -> type[_Guarded]:
        return type("_Guarded", (cls,), {"head_timeout_s": head_timeout_s})

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(_Joined(transport, self.loop))  # type: ignore[arg-type] # all that uvicorn asks of one
        self.parser = PlainParser(self)
        self._wait()

    def data_received(self, data: bytes) -> None:
        self._head_bytes += len(data)
        super().data_received(data)
        if self._is_in_head and self._head_bytes > _MOST_HEAD_BYTES:
            self._refuse(_TOO_LARGE)
        elif self._timer is None and (self._is_in_head or self._is_idle):
            self._wait()

    def in_plain_http(self, rest: bytes) -> None:
        """Reads the request whose head ended again, without the wish for another protocol."""
        if self.parser.get_method() == b"CONNECT":
            return self._refuse(_NO_TUNNEL)
        head = _head(self.parser.get_method(), self.url, self.parser.get_http_version(), self.headers)
        self.parser = PlainParser(self)
        self.parser.feed_data(head + rest)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        cycle.__class__ = Cycle  # uvicorn does not let anybody say of which class they are
        super()._start_asgi_task(cycle, app)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if not self._is_in_head:
            self._is_in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> Any:
        if self.parser.should_upgrade():
            return None
        self._is_in_head = False
        self._end()
        return super().on_headers_complete()

    def on_message_complete(self) -> Any:
        return None if self.parser.should_upgrade() else super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        super().connection_lost(exc)

    @property
    def _is_idle(self) -> bool:
        """Whether no request is under way: then empty lines came, for which uvicorn would wait for ever."""
        return self.cycle is None or self.cycle.response_complete

    def _wait(self) -> None:
        """Most heads are there as a whole: only for the rest of one a clock is set."""
        self._timer = self.loop.call_later(self.head_timeout_s, self._refuse, _TOO_SLOW)

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, answer: bytes) -> None:
        self._end()
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()


def _head(method: bytes, url: bytes, version: str, headers: list[tuple[bytes, bytes]]) -> bytes:
    kept = [name + b": " + value for name, value in headers if name != b"upgrade"]
    return b"\r\n".join([b"%b %b HTTP/%b" % (method, url, version.encode()), *kept, b"", b""])
