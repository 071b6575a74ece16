"""Whoever asks for another protocol is answered in HTTP/1.1, whole and once (RFC 9110, 7.8)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from tests.waiting import LONGEST_S
from web.server import ServerOptions, listener, server

HEAD = (
    b"POST /a?b=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: %b\r\n"
    b"HTTP2-Settings: AAMAAABkAAQAAP__\r\nX-Kept: yes\r\nContent-Length: 5\r\n\r\n"
)
H2C, WEBSOCKET = HEAD % b"h2c", HEAD % b"websocket"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
POSTED, CLOSED = '["POST","/a?b=1","yes","abcde"]', '["GET","/last","",""]'

_ANSWER = re.compile(r'\[".*?"\]|HTTP/1.1 [345].*(?=\r)')


async def _seen(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with what it was asked."""
    request = Request(scope, receive)
    path = f"{request.url.path}?{request.url.query}".rstrip("?")
    said = [request.method, path, request.headers.get("x-kept", ""), (await request.body()).decode()]
    await JSONResponse(said)(scope, receive, send)


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    bound = listener(ServerOptions(port=0))
    running = server(_seen, ServerOptions())
    task = asyncio.create_task(running.serve(sockets=[bound]))
    try:
        yield bound.getsockname()[1]
    finally:
        running.should_exit = True
        await task


async def answers(port: int, *packets: bytes) -> list[str]:
    """The body of each, or its first line if it is an error, until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for packet in packets:
        writer.write(packet)
        await writer.drain()
        await asyncio.sleep(0)
    answered = (await asyncio.wait_for(reader.read(), LONGEST_S)).decode()
    writer.close()
    return _ANSWER.findall(answered)


@pytest.mark.parametrize("head", [H2C, WEBSOCKET])
@pytest.mark.parametrize(
    "cut", [(), (len(H2C),), (len(H2C) + 2,), (20, len(H2C) - 3, len(H2C) + 4), tuple(range(1, 200))]
)
async def test_a_body_is_read_and_what_comes_behind_it_however_it_is_cut(head: bytes, cut: tuple[int, ...]) -> None:
    everything = head + b"abcde" + head + b"abcde" + LAST
    ends = [*cut, len(everything)]
    packets = [everything[at:end] for at, end in zip([0, *cut], ends, strict=True)]
    async with serving() as port:
        assert await answers(port, *packets) == [POSTED, POSTED, CLOSED]


async def test_a_body_is_never_taken_for_a_request() -> None:
    hidden = b"GET /hidden HTTP/1.1\r\nHost: evil\r\n\r\n"
    head = H2C.replace(b"Length: 5", b"Length: %d" % len(hidden))
    async with serving() as port:
        found = await answers(port, head, hidden, LAST)
    assert found == ['["POST","/a?b=1","yes","GET /hidden HTTP/1.1\\r\\nHost: evil\\r\\n\\r\\n"]', CLOSED]


async def test_a_chunked_body_is_read_as_well() -> None:
    head = H2C.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked")
    async with serving() as port:
        assert await answers(port, head + b"5\r\nabcde\r\n0\r\n\r\n" + LAST) == [POSTED, CLOSED]


async def test_nobody_gets_a_tunnel() -> None:
    async with serving() as port:
        asked = b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n"
        assert await answers(port, asked) == ["HTTP/1.1 501 Not Implemented"]
        assert await answers(port, LAST) == [CLOSED]
