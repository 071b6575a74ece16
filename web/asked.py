"""How something of a mail was asked for."""

from __future__ import annotations

from starlette.requests import Request

from handlers.visits import Asked
from web.visitors import lone_visitor


def asked(request: Request) -> Asked:
    return Asked(request.method, request.headers.get("user-agent", ""), lone_visitor(request))
