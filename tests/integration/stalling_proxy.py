"""A network in between that can fall silent: connections stay open, and nothing gets through."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class StallingProxy:
    """Passes everything on to `host:port` until `stall`; what was sent meanwhile is lost with its connection."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._flows = asyncio.Event()
        self._flows.set()
        self._links: set[asyncio.Task[None]] = set()

    def stall(self) -> None:
        self._flows.clear()

    def flow(self) -> None:
        """Again, for connections made from now on: of the old ones a real network has forgotten."""
        self._cut()
        self._flows.set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there, back = await asyncio.open_connection(*self._to)
            for source, target in ((reader, back), (there, writer)):
                link = asyncio.create_task(self._pass_on(source, target))
                self._links.add(link)
                link.add_done_callback(self._links.discard)

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            try:
                while chunk := await source.read(65536):
                    await self._flows.wait()
                    target.write(chunk)
                    await target.drain()
            finally:
                target.close()

    def _cut(self) -> None:
        for link in list(self._links):
            link.cancel()


@asynccontextmanager
async def stalling(url: str) -> AsyncIterator[tuple[StallingProxy, str]]:
    """The proxy in front of the server of `url`, and the URL that leads through it."""
    parts = urlsplit(url)
    proxy = StallingProxy(parts.hostname or "", parts.port or 5672)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    user = f"{parts.username}:{parts.password}@" if parts.username else ""
    try:
        yield proxy, parts._replace(netloc=f"{user}{host}:{port}").geturl()
    finally:
        server.close()
        proxy.flow()
        await server.wait_closed()
