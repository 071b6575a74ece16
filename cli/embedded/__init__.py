"""Private RabbitMQ and MongoDB servers for machines without Docker: the embedded default."""

from cli.embedded.ephemeral import Ephemeral, ephemeral
from cli.embedded.errors import CannotStart, CannotStop
from cli.embedded.servers import Servers, Wanted, down, running, up
from cli.embedded.state import default_state_dir

__all__ = [
    "CannotStart",
    "CannotStop",
    "Ephemeral",
    "Servers",
    "Wanted",
    "default_state_dir",
    "down",
    "ephemeral",
    "running",
    "up",
]
