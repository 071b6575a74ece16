"""`python -m tests.benchmarks.bare_web PORT`: a Starlette route that does nothing, under uvicorn as it comes."""

from __future__ import annotations

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from web.opens import _GIF


async def pixel(request: Request) -> Response:
    return Response(_GIF, media_type="image/gif")


if __name__ == "__main__":
    app = Starlette(routes=[Route("/o/{token}.gif", pixel)])
    uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", http="httptools", access_log=False, log_level="error")
