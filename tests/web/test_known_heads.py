"""What goes out on the wire is what uvicorn would write."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeAlias

import pytest
import structlog
from uvicorn._types import HTTPResponseBodyEvent, HTTPResponseStartEvent
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from web.known_heads import Cycle

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]

LENGTH = (b"content-length", b"3")
USUAL: tuple[Headers, ...] = (
    (LENGTH,),
    ((b"content-type", b"image/gif"), LENGTH, (b"cache-control", b"no-store")),
    ((b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), LENGTH),
    (LENGTH, (b"x-empty", b"")),
)
UNUSUAL: tuple[Headers, ...] = (
    (),
    ((b"transfer-encoding", b"chunked"),),
    ((b"connection", b"close"), LENGTH),
    ((b"connection", b"keep-alive"), LENGTH),
    ((b"Content-Length", b"3"), (b"X-Odd", b"1")),
)
WRONG: tuple[Headers, ...] = (
    ((b"x-a", b"1\r\nx-injected: 1"), LENGTH),
    ((b"x a:", b"1"), LENGTH),
    (LENGTH, (*LENGTH[:1], b"many")),
    ((b"content-length", b"2"),),
    ((b"content-length", b"4"),),
)


class Wire:
    """The transport, and the flow, of a connection."""

    write_paused = False

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, part: bytes) -> None:
        self.written.append(part)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


async def told(kind: type[RequestResponseCycle], headers: Headers, method: str, keep_alive: bool) -> Sequence[object]:
    """All that can be seen of an answer: what is written, whether it is closed, what is raised."""
    wire = Wire()
    cycle = kind(
        scope={"method": method},  # type: ignore[typeddict-item] # all that is asked of it
        transport=wire,  # type: ignore[arg-type]
        flow=wire,  # type: ignore[arg-type]
        logger=structlog.get_logger(),
        access_logger=structlog.get_logger(),
        access_log=False,
        default_headers=[(b"date", b"Tue, 24 Nov 2026 10:00:00 GMT")],
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=keep_alive,
        on_response=lambda: None,
    )
    start: HTTPResponseStartEvent = {"type": "http.response.start", "status": 200, "headers": headers}
    body: HTTPResponseBodyEvent = {"type": "http.response.body", "body": b"GIF", "more_body": False}
    raised = None
    try:
        await cycle.send(start)
        await cycle.send(body)
    except (RuntimeError, ValueError) as error:
        raised = str(error)
    return b"".join(wire.written), wire.closed, raised, cycle.response_complete, cycle.keep_alive


@pytest.mark.parametrize("keep_alive", [True, False])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("headers", [*USUAL, *UNUSUAL, *WRONG])
async def test_an_answer_is_the_one_that_uvicorn_gives(headers: Headers, method: str, keep_alive: bool) -> None:
    expected = await told(RequestResponseCycle, headers, method, keep_alive)
    assert [await told(Cycle, headers, method, keep_alive) for _ in range(2)] == [expected] * 2


async def test_what_is_told_of_a_usual_answer_is_written_from_memory() -> None:
    first, second = [await told(Cycle, USUAL[1], "GET", True) for _ in range(2)]
    assert first == second
    assert first[0] == (
        b"HTTP/1.1 200 OK\r\ndate: Tue, 24 Nov 2026 10:00:00 GMT\r\ncontent-type: image/gif\r\n"
        b"content-length: 3\r\ncache-control: no-store\r\n\r\nGIF"
    )
