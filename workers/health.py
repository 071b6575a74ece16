"""The port that says how a process is: /live, /ready and /metrics."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

import structlog
from prometheus_client import make_wsgi_app

from workers.metrics import Metrics

log = structlog.get_logger()

BEAT_S = 1.0
LIVE_S = 15.0  #: an event loop that did not run for so long hangs


class Heart:
    """Beats as long as the event loop runs."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    @property
    def age_s(self) -> float:
        return time.monotonic() - self._last

    async def run(self) -> None:
        while True:
            self._last = time.monotonic()
            await asyncio.sleep(BEAT_S)


class Health:
    """Serves from a thread, so that it answers when the event loop does not.

    `not_ready` lists what is missing before the process can work.
    """

    def __init__(self, metrics: Metrics, heart: Heart, not_ready: Callable[[], Iterable[str]]) -> None:
        self._heart = heart
        self._not_ready = not_ready
        self._metrics_app = make_wsgi_app(metrics.registry)
        metrics.loop_age.set_function(lambda: heart.age_s)

    def serve(self, host: str, port: int) -> "HealthServer":
        """Listen; port 0 takes any free one. The server's `port` tells which."""
        server = make_server(host, port, self.answer, server_class=_Threaded, handler_class=_Silent)
        threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
        log.info("health_port", host=host, port=server.server_port)
        return HealthServer(server)

    def answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The WSGI application."""
        match environ["PATH_INFO"]:
            case "/live":
                age_s = self._heart.age_s
                return _say(start_response, age_s < LIVE_S, f"event loop ran {age_s:.1f} s ago")
            case "/ready":
                missing = list(self._not_ready())
                return _say(start_response, not missing, "; ".join(missing) or "ready")
            case "/metrics":
                answer: Iterable[bytes] = self._metrics_app(environ, start_response)
                return answer
            case _:
                return _say(start_response, False, "there are /live, /ready and /metrics", "404 Not Found")


class HealthServer:
    def __init__(self, server: WSGIServer) -> None:
        self._server = server

    @property
    def port(self) -> int:
        return self._server.server_port

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Silent(WSGIRequestHandler):
    timeout = 5  # a client that says nothing does not keep a thread

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the overridden signature
        """Probes come every few seconds; nobody wants to read that."""


def _say(
    start_response: StartResponse, good: bool, text: str, bad_status: str = "503 Service Unavailable"
) -> Iterable[bytes]:
    start_response("200 OK" if good else bad_status, [("Content-Type", "text/plain; charset=utf-8")])
    return [f"{text}\n".encode()]
