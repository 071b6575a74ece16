"""A worker process for the tests: appends each number it handles to a file, some milliseconds after it began.

python -m tests.integration.ping_worker single|windowed|stuck URL FILE

`stuck` never comes to an end with a message.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from messages.base import Message
from tests.integration.runtime_support import FAST, amqp
from tests.workers.memory_parking import MemoryParking
from tests.workers.ping import Ping
from workers.runtime import Runtime, RuntimeOptions
from workers.shell import ShellOptions, run, run_workers
from workers.windowed import Window

BUSY_S = 0.02


async def main(kind: str, url: str, file: Path) -> int:
    runtime = Runtime(RuntimeOptions(amqp(url), FAST), MemoryParking())

    async def one(ping: Ping) -> Sequence[Message]:
        return await many([ping])

    async def many(pings: Sequence[Ping]) -> Sequence[Message]:
        await asyncio.sleep(BUSY_S)
        with file.open("a") as out:
            out.write("".join(f"{ping.number}\n" for ping in pings))
        return ()

    async def stuck(ping: Ping) -> Sequence[Message]:
        await one(ping)
        await asyncio.Event().wait()
        return ()

    parts = {
        "single": lambda: runtime.single(Ping, one),
        "windowed": lambda: runtime.windowed(Ping, many, window=Window(20, 0.05)),
        "stuck": lambda: runtime.single(Ping, stuck),
    }
    part = parts[kind]()
    return await run_workers(runtime, [part], ShellOptions(grace_s=600))


if __name__ == "__main__":
    sys.exit(run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))))
