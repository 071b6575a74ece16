"""The HTTP application: routes, and around them what holds for every request.

From the outside in: what is counted and logged, headers of safety, who asks and how often, the pixel and the links; for
all else who may come in at all, the whole body within its limits, the route. Each kind of page brings its own routes
(`web/opens.py`, …); `workers/web.py` puts them together.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from domain.errors import Transient
from web.client import Network
from web.doors import Door, Doors
from web.flood import Flood
from web.safety import Safety
from web.straight import RETRY_AFTER_S, ErrorPage, Page, Straight
from web.traffic import Traffic
from web.visitors import Visitors
from web.whole_body import WholeBody

_Handler = Callable[[Request, Exception], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Guard:
    """Who may post where requests are not counted."""

    doors: Mapping[str, Door | None]  #: by what the path begins with; None: only the body tells
    refused: Flood  #: how often one client may be refused there


@dataclass(frozen=True, slots=True)
class WebOptions:
    max_body_bytes: int = 64 * 1024
    larger_bodies: Mapping[str, int] = field(default_factory=dict)  #: bytes, by what the path begins with
    body_timeout_s: float = 10  #: for a whole body
    trusted_proxies: tuple[Network, ...] = ()  #: whose X-Forwarded-For is believed
    hosts: frozenset[str] = frozenset()  #: names that we answer to; none: any
    is_https: bool = True  #: as readers reach us
    access_log: bool = True


def build(
    routes: Sequence[BaseRoute],
    options: WebOptions,
    flood: Flood,
    traffic: Traffic,
    error_page: ErrorPage,
    guard: Guard | None = None,
    straight: Mapping[str, Page] | None = None,
) -> ASGIApp:
    """The application. What no route answers, and what fails, is answered by `error_page`.

    `straight`: pages on the short way (web/straight.py), by what the path begins with.
    """
    handlers = _handlers(error_page)
    app: ASGIApp = Starlette(routes=list(routes), exception_handlers=handlers)
    app = WholeBody(app, options.max_body_bytes, options.larger_bodies, options.body_timeout_s)
    app = Doors(app, guard.doors, guard.refused) if guard else app
    app = ServerErrorMiddleware(Straight(app, straight or {}, error_page), handlers[500])
    app = Visitors(app, flood, options.trusted_proxies, options.hosts)
    app = Safety(app, is_https=options.is_https)
    return traffic.around(app, log=options.access_log)


def _handlers(error_page: ErrorPage) -> dict[int | type[Exception], _Handler]:
    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        answer = error_page(request, error.status_code)
        answer.headers.update(error.headers or {})
        return answer

    async def away(request: Request, error: Exception) -> Response:
        answer = error_page(request, 503)
        answer.headers["Retry-After"] = str(RETRY_AFTER_S)
        return answer

    async def failed(request: Request, error: Exception) -> Response:
        return error_page(request, 500)

    return {HTTPException: refused, Transient: away, 500: failed}
