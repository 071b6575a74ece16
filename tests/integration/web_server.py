"""A web server on loopback that answers what its paths say: `/404`, `/404.mp4`, `/hang`, `/nohead-206`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

HUGE = 1_000_000_000


@dataclass
class WebServer:
    """Answers what its paths say."""

    port: int = 0
    requests: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    hosts: list[str] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)  #: by path
    written: int = 0  #: bytes of the huge body that went out
    at_once: int = 0
    most_at_once: int = 0

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}/{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            method, target, _ = lines[0].split()
            self.requests.append(f"{method} {target}")
            headers = dict(line.split(": ", 1) for line in lines[1:] if line)
            self.agents.add(headers["User-Agent"])
            self.hosts.append(headers["Host"])
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            await self._answer(method, re.split(r"[.?]", target.lstrip("/"))[0], headers, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.at_once -= 1
            writer.transport.abort()

    async def _answer(self, method: str, path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        what, _, rest = path.partition("-")
        if path in self.redirects:
            await self._say(writer, "302 Found", f"Location: {self.redirects[path]}\r\n")
        elif what == "hang":
            await asyncio.sleep(60)
        elif what == "slow":
            await self._crowd()
            await self._say(writer, "200 OK")
        elif what == "loop":
            await self._say(writer, "301 Moved", "Location: /loop\r\n")
        elif what == "nohead":
            assert method == "HEAD" or headers["Range"] == "bytes=0-0"
            await self._say(writer, "405 Method Not Allowed" if method == "HEAD" else f"{rest} Whatever")
        elif what == "huge":
            await self._pour(method, writer)
        elif what == "garbage":
            writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
            await writer.drain()
        elif what == "tagged":
            await self._say(writer, "200 OK", f'ETag: "{rest}"\r\n')
        elif what == "dated":
            await self._say(writer, "200 OK", 'ETag: W/"weak"\r\nLast-Modified: Mon, 02 Mar 2026 09:00:00 GMT\r\n')
        else:
            await self._say(writer, f"{what} Whatever")

    async def _crowd(self) -> None:
        """Nobody is answered before eight are there; one more would come meanwhile."""
        while self.most_at_once < 8:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)

    async def _say(self, writer: asyncio.StreamWriter, status: str, headers: str = "") -> None:
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n{headers}\r\n".encode())
        await writer.drain()

    async def _pour(self, method: str, writer: asyncio.StreamWriter) -> None:
        """HEAD is refused, Range not understood, and the body has no end."""
        if method == "HEAD":
            return await self._say(writer, "501 Not Implemented")
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {HUGE}\r\n\r\n".encode())
        while self.written < HUGE:
            writer.write(b"x" * 65536)
            await writer.drain()
            self.written += 65536


@asynccontextmanager
async def web_server() -> AsyncIterator[WebServer]:
    found = WebServer()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
