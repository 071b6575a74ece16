"""Headers of safety on every answer; an answer that says something else by itself keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Nothing is loaded, run, framed or sent anywhere. Pages loosen it by the hash of their style (web/page.py).
_DEFAULTS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "no-referrer",  # addresses of ours hold tokens
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}
_KINDS = 256  #: of answers, by the names of their headers: there are fewer
_HTTPS = {"Strict-Transport-Security": "max-age=31536000"}


class Safety:
    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app = app
        headers = _DEFAULTS | (_HTTPS if is_https else {})
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self._missing = lru_cache(maxsize=_KINDS)(self._without)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                said: list[tuple[bytes, bytes]] = message["headers"]
                said.extend(self._missing(tuple([name for name, _ in said])))
            await send(message)

        await self._app(scope, receive, safely if scope["type"] == "http" else send)

    def _without(self, present: tuple[bytes, ...]) -> Sequence[tuple[bytes, bytes]]:
        return [each for each in self._headers if each[0] not in present]
