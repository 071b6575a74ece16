"""Asks SpamAssassin's spamd about one email (github.com/apache/spamassassin, spamd/PROTOCOL, version 1.5).

A request and an answer of a few lines each: no client library is needed for it. `aiospamc` 1.2.0 would do, but asks
for a typer below 0.17, and for its own logging.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass

from domain.spam_verdict import EngineAway, SpamHit, SpamVerdict

_MOST_BYTES = 262_144  #: of an answer
_STATUS = re.compile(r"SPAMD/[\d.]+ (\d+) (\S+)")
_SCORE = re.compile(r"^Spam: \S+ ; (-?[\d.]+) / -?[\d.]+\s*$", re.MULTILINE | re.IGNORECASE)
#: A rule of the report; what follows in lines that begin with blanks alone belongs to its description.
_HIT = re.compile(r"[ *]{0,3}(-?\d+(?:\.\d+)?) ([A-Z][A-Z0-9_]+)\s+(\S.*)")
_MORE = re.compile(r"\s{20,}(\S.*)")


@dataclass(frozen=True, slots=True)
class SpamdOptions:
    host: str
    port: int = 783
    timeout_s: float = 10  #: for everything: connecting, the mail, the answer


class SpamAssassin:
    """Fits `SpamEngine`."""

    def __init__(self, options: SpamdOptions) -> None:
        self.options = options

    async def judge(self, mail: bytes) -> SpamVerdict | EngineAway:
        where = f"spamd at {self.options.host}:{self.options.port}"
        try:
            async with asyncio.timeout(self.options.timeout_s):
                answer = await self._asked(mail)
        except TimeoutError:
            return EngineAway(f"{where} did not answer within {self.options.timeout_s:g} s")
        except OSError as error:
            return EngineAway(f"{where} cannot be reached ({error.strerror or type(error).__name__})")
        return _verdict(answer, where)

    async def _asked(self, mail: bytes) -> str:
        reader, writer = await asyncio.open_connection(self.options.host, self.options.port)
        try:
            writer.write(b"REPORT SPAMC/1.5\r\nContent-length: %d\r\n\r\n" % len(mail) + mail)
            writer.write_eof()
            await writer.drain()
            return (await _all_of(reader)).decode("utf-8", "replace")
        finally:
            writer.close()


async def _all_of(reader: asyncio.StreamReader) -> bytes:
    """Until spamd closes, or has said far more than it ever does."""
    answer = b""
    while len(answer) < _MOST_BYTES and (more := await reader.read(65_536)):
        answer += more
    return answer


def _verdict(answer: str, where: str) -> SpamVerdict | EngineAway:
    status, score = _STATUS.match(answer), _SCORE.search(answer)
    if status is not None and status[1] != "0":
        return EngineAway(f"{where} refused it ({status[2]})")
    if status is None or score is None:
        return EngineAway(f"{where} gave no answer that spamd gives")
    return SpamVerdict(float(score[1]), tuple(_hits(answer)))


def _hits(report: str) -> Iterator[SpamHit]:
    """The table at the end of the report, in which long descriptions are wrapped."""
    _, _, table = report.rpartition("---- ---")
    hit: SpamHit | None = None
    for line in table.splitlines()[1:]:
        if found := _HIT.fullmatch(line.rstrip()):
            if hit is not None:
                yield hit
            hit = SpamHit(float(found[1]), found[2], found[3])
        elif hit is not None and (more := _MORE.fullmatch(line.rstrip())):
            hit = SpamHit(hit.points, hit.name, f"{hit.text} {more[1]}")
    if hit is not None:
        yield hit
