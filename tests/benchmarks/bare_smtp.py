"""The baseline of sending: what aiosmtplib does in a loop with ready bytes. It renders nothing and stores nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice

import aiosmtplib
import psutil

from domain.assembly import OutgoingMail
from tests.benchmarks.measured import Run

CONNECTIONS = 10


async def send(port: int, mails: Sequence[OutgoingMail], count: int) -> Run:
    """Sends `count` mails, the same ones again and again, over ten connections that stay open."""
    process = psutil.Process()
    waiting = islice(cycle(mails), count)
    cpu, began = process.cpu_times(), time.perf_counter()
    await asyncio.gather(*(_connection(port, waiting) for _ in range(CONNECTIONS)))
    seconds, used = time.perf_counter() - began, process.cpu_times()
    return Run(count, seconds, used.user + used.system - cpu.user - cpu.system)


async def _connection(port: int, waiting: Iterator[OutgoingMail]) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as smtp:
        for mail in waiting:
            await smtp.sendmail(mail.sender, [mail.recipient], mail.raw)
