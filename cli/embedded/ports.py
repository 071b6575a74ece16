"""Ports on the loopback interface."""

import random
import socket
from collections.abc import Callable

from cli.embedded.errors import CannotStart

LOOPBACK = "127.0.0.1"

#: Below what systems give to outgoing connections: a client that keeps trying a port of that range while its server
#: is down ends up connected to itself, and the server cannot have its port back.
QUIET_RANGE = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Whether a server could listen on it now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def any_free() -> int:
    """A port that nobody listens on at the moment."""
    return next(port for port in iter(lambda: random.choice(QUIET_RANGE), None) if is_free(port))


def choose(name: str, *, requested: int | None, preferred: int | None, say: Callable[[str], None]) -> int:
    """The requested port, else the preferred one, else any (and says so when the preferred one is taken).

    Raises:
        CannotStart: the requested port is taken.
    """
    if requested is not None:
        return _demand(name, requested)
    if preferred is None:
        return any_free()
    if is_free(preferred):
        return preferred
    port = any_free()
    say(f"Port {preferred} is taken; {name} listens on {port} instead.")
    return port


def _demand(name: str, port: int) -> int:
    if is_free(port):
        return port
    raise CannotStart(
        f"Port {port} for {name} is taken by another program. See which:\n  ss -ltnp 'sport = :{port}'\n"
        "Stop it, name another port, or leave the port out and a free one is chosen."
    )
