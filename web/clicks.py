"""Links in mails: where they lead is looked up by their number, so that nobody can make ours lead elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

import structlog
from prometheus_client import Counter

from domain.errors import Transient
from handlers.visits import Aim, Asked, Visits
from web.confirmed import confirmed
from web.ports import Publishing
from web.straight import Page, Reply

log = structlog.get_logger()

_MOST_DIGITS = 4
_KEPT = ":/%#?=@[]!$&'()*+,;"  #: of a target as it was written


@dataclass(frozen=True, slots=True)
class Clicks:
    """Leads on when the click is confirmed. While it cannot be, the reader is led on all the same: `unrecorded`."""

    visits: Visits
    publishing: Publishing
    unrecorded: Counter  #: clicks that are in no ledger because RabbitMQ or MongoDB was away

    def straight(self) -> dict[str, Page]:
        return {"/c/": self.click}

    async def click(self, name: str, asked: Asked) -> Reply | None:
        """`name` is TOKEN/NUMBER."""
        token, _, number = name.partition("/")
        if len(number) > _MOST_DIGITS or not (number.isascii() and number.isdecimal()) or number != str(int(number)):
            return None
        aim = await self.visits.aim(token, int(number))
        if aim is None:
            return None
        await self._told(aim, asked)
        return _leading_to(aim.url)

    async def _told(self, aim: Aim, asked: Asked) -> None:
        try:
            event = await self.visits.clicked(aim, asked)
            if event is not None:
                await confirmed(self.publishing, event)
        except Transient as error:
            self.unrecorded.inc()
            log.warning("click_unrecorded", error=str(error))


@lru_cache(maxsize=1024)
def _leading_to(url: str) -> Reply:
    return Reply(302, ((b"location", quote(url, safe=_KEPT).encode()), (b"content-length", b"0")))
