"""Links in mails: where they lead is looked up by their number, so that nobody can make ours lead elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from prometheus_client import Counter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from domain.errors import Transient
from handlers.visits import Aim, Visits
from web.asked import asked
from web.confirmed import confirmed
from web.ports import Publishing

log = structlog.get_logger()

_MOST_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Clicks:
    """Leads on when the click is confirmed. While it cannot be, the reader is led on all the same: `unrecorded`."""

    visits: Visits
    publishing: Publishing
    unrecorded: Counter  #: clicks that are in no ledger because RabbitMQ or MongoDB was away

    def routes(self) -> list[Route]:
        return [Route("/c/{token}/{number}", self.click)]

    async def click(self, request: Request) -> Response:
        number = request.path_params["number"]
        if len(number) > _MOST_DIGITS or not (number.isascii() and number.isdecimal()) or number != str(int(number)):
            raise HTTPException(404)
        aim = await self.visits.aim(request.path_params["token"], int(number))
        if aim is None:
            raise HTTPException(404)
        await self._told(aim, request)
        return RedirectResponse(aim.url, 302)

    async def _told(self, aim: Aim, request: Request) -> None:
        try:
            event = await self.visits.clicked(aim, asked(request))
            if event is not None:
                await confirmed(self.publishing, event)
        except Transient as error:
            self.unrecorded.inc()
            log.warning("click_unrecorded", error=str(error))
