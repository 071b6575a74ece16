"""Requests of many connections to one server: by wrk where it is installed, else by a client of our own."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

CONNECTIONS = 200  #: as many as the publisher has in flight: each waits for its confirm
_WRK = shutil.which("wrk")
#: Paths come from a file, one a line and in turn; every @ of a body becomes a number that no other request has.
_SCRIPT = """
local threads, paths, count = 0, {}, 0
for line in io.lines("%s") do paths[#paths + 1] = line end
function setup(thread) threads = threads + 1; thread:set("number", threads) end
function request()
  count = count + 1
  local path = paths[count %% #paths + 1]
  if wrk.body == nil then return wrk.format(nil, path) end
  local each = 0
  local body = wrk.body:gsub("@", function() each = each + 1; return number .. "-" .. count .. "-" .. each end)
  return wrk.format("POST", path, nil, body)
end
"""


class LoadFailed(Exception):
    """Some answers were no success; the text says how many."""


@dataclass(frozen=True, slots=True)
class Load:
    paths: Sequence[str]
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    connections: int = CONNECTIONS


def client() -> str:
    return "wrk" if _WRK else "a client of our own (wrk is not installed)"


def answered(load: Load, port: int, seconds: float) -> tuple[int, float]:
    """How many requests were answered well, in how many seconds.

    Raises:
        LoadFailed: others were not.
    """
    if _WRK:
        return _by_wrk(load, port, seconds)
    return asyncio.run(_by_us(load, port, seconds))


def _by_wrk(load: Load, port: int, seconds: float) -> tuple[int, float]:
    with tempfile.TemporaryDirectory() as directory:
        paths, script = Path(directory, "paths"), Path(directory, "load.lua")
        paths.write_text("\n".join(load.paths))
        body = f"wrk.body = {json.dumps(load.body)}\n" if load.body is not None else ""
        script.write_text(body + _SCRIPT % paths)
        named = [part for name, value in load.headers.items() for part in ("-H", f"{name}: {value}")]
        how = ["-t1", f"-c{load.connections}", f"-d{seconds:g}s", "--timeout", "30s", "-s", str(script)]
        asked = [_WRK or "wrk", *how, *named, f"http://127.0.0.1:{port}"]
        told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    if trouble := re.search(r"Non-2xx.*|Socket errors.*", told):
        raise LoadFailed(trouble[0])
    found = re.search(r"(\d+) requests in ([\d.]+)s", told)
    assert found is not None, told
    return int(found[1]), float(found[2])


async def _by_us(load: Load, port: int, seconds: float) -> tuple[int, float]:
    numbers, began_s = itertools.count(), time.perf_counter()
    counts = await asyncio.gather(
        *[_connection(load, port, began_s + seconds, numbers) for _ in range(load.connections)]
    )
    return sum(counts), time.perf_counter() - began_s


async def _connection(load: Load, port: int, until_s: float, numbers: itertools.count[int]) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count = 0
    while time.perf_counter() < until_s:
        writer.write(_request(load, next(numbers)))
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.I)
        await reader.readexactly(int(length[1]) if length else 0)
        if head[9:10] not in b"23":
            raise LoadFailed(head[:200].decode(errors="replace"))
        count += 1
    writer.close()
    return count


def _request(load: Load, number: int) -> bytes:
    body = (load.body or "").replace("@", str(number)).encode()
    headers = {"Host": "127.0.0.1", **load.headers, **({"Content-Length": str(len(body))} if load.body else {})}
    named = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    method = "POST" if load.body else "GET"
    return f"{method} {load.paths[number % len(load.paths)]} HTTP/1.1\r\n{named}\r\n".encode() + body
