"""`python -m tests.chaos.sink PORT RECORD SEED`: an SMTP server that writes every mail down before it says 250.

A line of RECORD per mail whose final dot came: time, verdict, Message-ID, recipient, with tabs between. It is handed to
the system before the reply is, so that no kill of this process or of a sender can lose it.

Trouble is ordered on standard input, a line each, and the server ends with that input:

    hang S       nothing is answered for so many seconds, not even what was asked before; then everything is
    closing S    for so many seconds 421 is said, at the greeting or at any other step, and the connection is closed
    away S       nobody listens for so many seconds, and all connections break
    drop N       the next N connections that send a final dot hear nothing: cut, with the mail kept or not
    cut          all connections break, wherever they are

One recipient in thirty is deferred with 451 once, trouble or not.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import sys
import time
from binascii import crc32
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

import uvloop

HOST = "127.0.0.1"
REPLY_S = 0.1  #: for the final reply, as a busy relay takes; it also spreads the mails over all the faults
MAX_MAIL_BYTES = 1 << 22
DEFERRED_ONE_IN = 30
CLOSING = "421 4.3.2 Closing for a while"
_MESSAGE_ID = re.compile(rb"^message-id:\s*<([^>]+)>", re.IGNORECASE | re.MULTILINE)


class Verdict(StrEnum):
    ACCEPTED = "accepted"  #: kept, and 250 was said
    KEPT_UNSAID = "kept-unsaid"  #: kept, but the connection broke before 250 was said
    LOST_UNSAID = "lost-unsaid"  #: not kept, and the connection broke before anything was said


class Sink:
    """The server: its moods, and its record."""

    def __init__(self, port: int, record: Path, seed: int) -> None:
        self._port = port
        self._record = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._dice = random.Random(seed)
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()
        self._deferred: set[bytes] = set()
        self._awake = asyncio.Event()
        self._awake.set()
        self._closing = False
        self._to_drop = 0

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, self._port, limit=MAX_MAIL_BYTES, backlog=1000)

    async def order(self, word: str, amount: float) -> None:
        """Be in this mood, and return when it is over."""
        await {"hang": self._hang, "closing": self._refuse, "away": self._leave, "drop": self._drop, "cut": self._cut}[
            word
        ](amount)

    async def awake(self) -> None:
        await self._awake.wait()

    def is_closing(self, one_in: int) -> bool:
        """Whether 421 is said here; not everywhere, so that every step gets its share."""
        return self._closing and self._dice.randrange(one_in) == 0

    def defers(self, recipient: bytes) -> bool:
        if crc32(recipient) % DEFERRED_ONE_IN or recipient in self._deferred:
            return False
        self._deferred.add(recipient)
        return True

    def drops(self) -> Verdict | None:
        """What becomes of a mail whose final dot gets no answer; None: it gets one."""
        if self._to_drop == 0:
            return None
        self._to_drop -= 1
        return self._dice.choice((Verdict.KEPT_UNSAID, Verdict.LOST_UNSAID))

    def write_down(self, verdict: Verdict, mail: bytes, recipient: bytes) -> None:
        found = _MESSAGE_ID.search(mail[: mail.find(b"\r\n\r\n") + 2])
        message_id = found.group(1) if found else b"none"
        line = b"\t".join([f"{time.time():.4f}".encode(), verdict.encode(), message_id, recipient])
        os.write(self._record, line + b"\n")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await Session(self, reader, writer).talk()
        finally:
            self._sessions.discard(task)
            writer.close()  # not aborted: a reply that was said is to arrive

    async def _hang(self, seconds: float) -> None:
        self._awake.clear()
        await asyncio.sleep(seconds)
        self._awake.set()

    async def _refuse(self, seconds: float) -> None:
        self._closing = True
        await asyncio.sleep(seconds)
        self._closing = False

    async def _leave(self, seconds: float) -> None:
        assert self._server is not None
        self._server.close()
        await self._cut(0)
        await asyncio.sleep(seconds)
        await self.listen()

    async def _drop(self, mails: float) -> None:
        self._to_drop += int(mails)
        while self._to_drop:
            await asyncio.sleep(0.05)

    async def _cut(self, _: float) -> None:
        for task in list(self._sessions):
            task.cancel()


class Session:
    """One connection. Replies go out in the order of the commands, however many of them came at once."""

    def __init__(self, sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._sink = sink
        self._reader = reader
        self._writer = writer
        self._recipient: bytes | None = None

    async def talk(self) -> None:
        """
        Raises:
            ConnectionError: the connection is over, by them or by us.
        """
        await self._say("220 sink ESMTP", closes=2)
        while line := await self._reader.readline():
            verb, _, rest = line.strip().partition(b" ")
            await self._answer(verb.upper(), rest)

    async def _answer(self, verb: bytes, rest: bytes) -> None:
        if verb == b"EHLO":
            await self._say("250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8")
        elif verb == b"RCPT":
            await self._take_recipient(rest.partition(b"<")[2].partition(b">")[0])
        elif verb == b"DATA":
            await self._take_mail()
        elif verb == b"QUIT":
            await self._say("221 2.0.0 Bye")
            raise ConnectionResetError
        else:
            self._recipient = None
            await self._say("250 2.0.0 OK", closes=20)

    async def _take_recipient(self, address: bytes) -> None:
        if self._sink.defers(address):
            await self._say("451 4.7.1 Greylisted, please come back")
            return
        self._recipient = address
        await self._say("250 2.1.5 OK", closes=20)

    async def _take_mail(self) -> None:
        if self._recipient is None:
            await self._say("554 5.5.1 No valid recipients")
            return
        await self._say("354 Go on", closes=20)
        mail = await self._reader.readuntil(b"\r\n.\r\n")
        await self._end(mail, self._recipient)
        self._recipient = None

    async def _end(self, mail: bytes, recipient: bytes) -> None:
        """From the final dot to its reply: whatever breaks the connection here leaves the sender in doubt."""
        try:
            await asyncio.sleep(REPLY_S)
            await self._sink.awake()
        except asyncio.CancelledError:
            self._sink.write_down(Verdict.LOST_UNSAID, mail, recipient)
            raise
        if verdict := self._sink.drops():
            self._sink.write_down(verdict, mail, recipient)
            raise ConnectionResetError
        if self._sink.is_closing(5):
            await self._close()
        self._sink.write_down(Verdict.ACCEPTED, mail, recipient)
        self._writer.write(b"250 2.0.0 Kept\r\n")

    async def _say(self, reply: str, closes: int = 0) -> None:
        """`closes`: in a closing mood, one in so many is answered with 421 instead."""
        await self._sink.awake()
        if closes and self._sink.is_closing(closes):
            await self._close()
        self._writer.write(f"{reply}\r\n".encode())

    async def _close(self) -> None:
        self._writer.write(f"{CLOSING}\r\n".encode())
        await self._writer.drain()
        self._writer.close()
        await self._writer.wait_closed()
        raise ConnectionResetError


async def _run(port: int, record: Path, seed: int) -> None:
    sink = Sink(port, record, seed)
    await sink.listen()
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    moods: set[asyncio.Task[None]] = set()
    while line := await orders.readline():
        word, _, amount = line.decode().strip().partition(" ")
        mood = asyncio.create_task(sink.order(word, float(amount or 0)))
        moods.add(mood)
        mood.add_done_callback(moods.discard)


if __name__ == "__main__":
    uvloop.run(_run(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
