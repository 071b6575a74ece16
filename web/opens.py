"""The pixel whose fetching is an open."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from handlers.visits import Asked, Visits
from web.confirmed import confirmed
from web.ports import Publishing
from web.straight import Page, Reply

_GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")  #: one transparent pixel
_SUFFIX = ".gif"
_SHOWN = Reply(
    200,
    (
        (b"content-type", b"image/gif"),
        (b"content-length", str(len(_GIF)).encode()),
        (b"cache-control", b"no-store, max-age=0"),
        (b"cross-origin-resource-policy", b"cross-origin"),  # web mail shows it
    ),
    _GIF,
)


@dataclass(frozen=True, slots=True)
class Opens:
    """Answers when the open is confirmed: while it cannot be, 503, and mail programs ask again at the next opening."""

    visits: Visits
    publishing: Publishing

    def straight(self) -> dict[str, Page]:
        return {"/o/": self.pixel}

    async def pixel(self, name: str, asked: Asked) -> Reply | None:
        """`name` is TOKEN.gif."""
        email_id = await self.visits.opener(name.removesuffix(_SUFFIX)) if name.endswith(_SUFFIX) else None
        if email_id is None:
            return None
        event = await self.visits.opened(email_id, asked)
        if event is not None:
            await confirmed(self.publishing, event)
        return _SHOWN
