"""An SMTP server on loopback that does what the addresses say, to try every way in which a relay can fail.

The local part of an address is an order, `<step>-<what>`: `rcpt-550@…` refuses at RCPT TO, `body-lost@…` hangs up
after the final dot. Steps: mail (the sender's address), rcpt, data, body (the recipient's). What: a code; `lost`;
`reset`; `garbage`; `hang`; `lines` (250 after 10,000 lines); `354` at data after a refusal at RCPT is `rcpt-550-354`.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from dataclasses import dataclass, field

TEXTS = {
    421: "4.3.2 closing", 450: "4.2.0 busy", 451: "4.3.0 later", 452: "4.2.2 full", 550: "5.1.1 no such user",
    530: "5.7.0 Authentication required", 552: "5.2.2 mailbox full", 554: "5.7.1 refused", 250: "2.0.0 ok",
    354: "go on", 502: "5.5.1 what",
}  # fmt: skip


class Lost(Exception):
    """The connection is to be cut."""


@dataclass
class ScriptedRelay:
    extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME")
    tls: ssl.SSLContext | None = None
    starttls: bool = False
    split: bool = False  #: replies arrive byte by byte
    greeting: str = "220 scripted ESMTP"
    login: dict[str, str] = field(default_factory=dict)  #: what happens at ehlo, starttls or auth: a reply, or as above
    per_connection: int = 1_000_000  #: mails after which MAIL FROM is answered with 421
    final_s: float = 0  #: how long the answer to a final dot takes
    answers: asyncio.Semaphore | None = None  #: so many final dots are answered, in the order in which they came
    mails: list[tuple[str, str, bytes]] = field(default_factory=list)  #: accepted: sender, recipient, body
    commands: list[bytes] = field(default_factory=list)
    connections: int = 0
    most_open: int = 0  #: connections at the same time
    open: set[asyncio.Task[None]] = field(default_factory=set)
    port: int = 0
    server: asyncio.Server | None = None

    async def __aenter__(self) -> ScriptedRelay:
        implicit = None if self.starttls else self.tls
        self.server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, ssl=implicit)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.server is not None
        self.server.close()
        await asyncio.sleep(0.01)  # who was let in right before has a task by now
        for task in self.open:
            task.cancel()
        await asyncio.gather(*self.open, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.open.add(task)
        self.connections += 1
        self.most_open = max(self.most_open, len(self.open))
        try:
            await Session(self, reader, writer).serve()
        except (Lost, ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.open.discard(task)
            writer.transport.abort()

    def let(self, count: int) -> None:
        """So many more final dots are answered."""
        assert self.answers is not None
        for _ in range(count):
            self.answers.release()

    @property
    def recipients(self) -> list[str]:
        return [recipient for _, recipient, _ in self.mails]


@dataclass
class Session:
    relay: ScriptedRelay
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    sender: str | None = None
    recipient: str | None = None
    refused: str = ""
    count: int = 0

    async def serve(self) -> None:
        if self.relay.greeting == "hang":
            await asyncio.sleep(60)
        if self.relay.greeting == "reset":
            self.reset()
        await self.say(self.relay.greeting)
        while line := await self.reader.readline():
            self.relay.commands.append(line)
            verb, _, rest = line.strip().partition(b" ")
            await getattr(self, f"on_{verb.decode().lower()}", self.on_unknown)(rest.decode())

    async def say(self, text: str) -> None:
        data = text.encode() + b"\r\n"
        for piece in [bytes([byte]) for byte in data] if self.relay.split else [data]:
            self.writer.write(piece)
            await self.writer.drain()
            if self.relay.split:
                await asyncio.sleep(0)

    async def order(self, step: str, address: str, fine: str) -> bool:
        """Do what the address says of this step; whether the step went well."""
        what = address.removeprefix(f"{step}-").partition("@")[0] if address.startswith(f"{step}-") else ""
        code = what.partition("-")[0]
        if what == "lost":
            raise Lost
        if what == "reset":
            self.reset()
        if what == "hang":
            await asyncio.sleep(60)
        if what == "garbage":
            await self.say("HTTP/1.1 400 Bad Request")
            return False
        if what == "lines":
            await self.say("\r\n".join([*["250-2.0.0 one of many"] * 10_000, "250 2.0.0 ok"]))
            return True
        if not code:
            await self.say(fine)
            return True
        await self.say(f"{code}-first line\r\n{code} {TEXTS[int(code)]}" if code != "421" else "421 4.3.2 closing")
        if code == "421":
            raise Lost
        return False

    def reset(self) -> None:
        """Cut the connection with a TCP reset."""
        wire = self.writer.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Lost

    async def ordered(self, stage: str) -> bool:
        """Do what is wanted at a stage of the login; False when nothing is."""
        what = self.relay.login.get(stage)
        if what == "reset":
            self.reset()
        if what == "hang":
            await asyncio.sleep(60)
        if what is not None:
            await self.say(what.removesuffix(" and lost"))
        if what is not None and what.endswith(" and lost"):
            self.reset() if "reset" in what else self.lose()
        return what is not None

    def lose(self) -> None:
        raise Lost

    async def on_ehlo(self, rest: str) -> None:
        if await self.ordered("ehlo"):
            return
        lines = ["scripted", *self.relay.extensions]
        lines += ["STARTTLS"] if self.relay.starttls else []
        lines += ["AUTH PLAIN LOGIN"] if self.relay.tls else []
        await self.say("\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"]))

    async def on_starttls(self, rest: str) -> None:
        if await self.ordered("starttls"):
            return
        assert self.relay.tls is not None
        await self.say("220 2.0.0 ready")
        await self.writer.start_tls(self.relay.tls)

    async def on_auth(self, rest: str) -> None:
        if await self.ordered("auth"):
            return
        await self.say("235 2.7.0 welcome" if rest.endswith("AHVzZXIAc2VjcmV0") else "535 5.7.8 wrong password")

    async def on_mail(self, rest: str) -> None:
        if self.sender is not None:
            await self.say("503 5.5.1 nested MAIL")
            return
        if self.count >= self.relay.per_connection:
            await self.say("421 4.7.0 enough for one connection")
            raise Lost
        self.count += 1
        self.sender = address = rest.partition("<")[2].partition(">")[0]
        if not await self.order("mail", address, "250 2.1.0 ok"):
            self.sender = None

    async def on_rcpt(self, rest: str) -> None:
        if self.sender is None:
            await self.say("503 5.5.1 need MAIL")
            return
        address = rest.partition("<")[2].partition(">")[0]
        if await self.order("rcpt", address, "250 2.1.5 ok"):
            self.recipient = address
        self.refused = address

    async def on_data(self, rest: str) -> None:
        if self.recipient is None and not self.refused.partition("@")[0].endswith("-354"):
            await self.say("554 5.5.1 no valid recipients")
            return
        if not await self.order("data", self.recipient or "", "354 go"):
            return
        body = await self.body()
        await asyncio.sleep(self.relay.final_s)
        if self.relay.answers is not None:
            await self.relay.answers.acquire()
        if self.recipient is None:
            await self.say("554 5.5.1 no valid recipients")
        elif await self.order("body", self.recipient, "250 2.0.0 queued"):
            self.relay.mails.append((self.sender or "", self.recipient, body))
        self.sender, self.recipient, self.refused = None, None, ""

    async def body(self) -> bytes:
        lines = []
        while (line := await self.reader.readline()) != b".\r\n":
            if not line:
                raise Lost
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    async def on_rset(self, rest: str) -> None:
        self.sender, self.recipient, self.refused = None, None, ""
        await self.say("250 2.0.0 ok")

    async def on_quit(self, rest: str) -> None:
        await self.say("221 2.0.0 bye")
        raise Lost

    async def on_unknown(self, rest: str) -> None:
        await self.say("502 5.5.1 what")
