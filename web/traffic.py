"""What is counted and logged of each request: which route, never which address, path or token."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

import structlog
from prometheus_client import Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LABELS = 1024  #: there are fewer: routes, methods, and statuses that we answer with
_NONE = "none"  #: no route was reached
#: Others are told as one: anybody can make methods up.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Traffic:
    def __init__(self, seconds: Histogram) -> None:
        """`seconds` is labelled with route, method and status."""
        self._labelled = lru_cache(maxsize=_LABELS)(seconds.labels)

    def around(self, app: ASGIApp, *, log: bool) -> ASGIApp:
        """The application, counted. What is logged is logged as it is configured by now."""
        logger = structlog.get_logger().bind() if log else None

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                return await app(scope, receive, send)
            began_s, status = time.perf_counter(), [0]

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    status[0] = message["status"]
                await send(message)

            try:
                await app(scope, receive, noted)
            finally:
                self._told(scope, status[0], time.perf_counter() - began_s, logger)

        return counted

    def _told(self, scope: Scope, status: int, seconds: float, logger: Any) -> None:
        """Status 0: the client left before it was answered."""
        route = getattr(scope.get("endpoint"), "__name__", _NONE)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._labelled(route, method, status).observe(seconds)
        if logger is not None:
            logger.info("web_request", route=route, method=method, status=status, ms=round(seconds * 1000, 1))
