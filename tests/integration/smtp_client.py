"""A mail server that hands mail to ours, line by line."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    greeting: str = ""

    async def reply(self) -> str:
        """The last line of the next reply; empty when the server has hung up."""
        async with asyncio.timeout(60):
            while True:
                try:
                    line = (await self.reader.readline()).decode().rstrip()
                except ConnectionError:
                    return ""
                if line[3:4] != "-":
                    return line

    async def says(self, *lines: str) -> str:
        """The reply to the last of these commands."""
        found = ""
        for line in lines:
            self.writer.write(line.encode() + b"\r\n")
            found = await self.reply()
        return found

    async def envelope(self, *recipients: str, sender: str = "") -> str:
        return await self.says(f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{one}>" for one in recipients))

    async def mail(self, raw: bytes, *recipients: str) -> str:
        await self.envelope(*recipients)
        assert (await self.says("DATA")).startswith("354")
        self.writer.write(raw + b"\r\n.\r\n")
        return await self.reply()

    async def starttls(self, trusted: Path) -> None:
        assert (await self.says("STARTTLS")).startswith("220")
        await self.writer.start_tls(ssl.create_default_context(cafile=str(trusted)), server_hostname="localhost")
        await self.says("EHLO client.example")


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Client]:
    """A client that has said hello, unless it was turned away."""
    client = Client(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 20))
    try:
        client.greeting = await client.reply()
        if client.greeting.startswith("220"):
            await client.says("EHLO client.example")
        yield client
    finally:
        client.writer.close()
