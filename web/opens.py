"""The pixel whose fetching is an open."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handlers.visits import Visits
from web.asked import asked
from web.confirmed import confirmed
from web.ports import Publishing

_GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")  #: one transparent pixel
_HEADERS = {
    "Cache-Control": "no-store, max-age=0",
    "Cross-Origin-Resource-Policy": "cross-origin",  # web mail shows it
}


@dataclass(frozen=True, slots=True)
class Opens:
    """Answers when the open is confirmed: while it cannot be, 503, and mail programs ask again at the next opening."""

    visits: Visits
    publishing: Publishing

    def routes(self) -> list[Route]:
        return [Route("/o/{token}.gif", self.pixel)]

    async def pixel(self, request: Request) -> Response:
        email_id = await self.visits.opener(request.path_params["token"])
        if email_id is None:
            raise HTTPException(404)
        event = await self.visits.opened(email_id, asked(request))
        if event is not None:
            await confirmed(self.publishing, event)
        return Response(_GIF, media_type="image/gif", headers=_HEADERS)
