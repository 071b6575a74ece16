"""A RabbitMQ node of our own: its files, ports, cookie, port mapper and log are in one directory."""

import os
import re
import secrets
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cli.embedded import executables, processes
from cli.embedded.errors import CannotStart
from cli.embedded.ports import LOOPBACK
from cli.embedded.processes import Process

USER = "campaigns"
NODE = "campaigns@localhost"
START_TIMEOUT_S = 120.0
CTL_TIMEOUT_S = 60.0

#: 8 bytes that open AMQP 0-9-1; the broker's first frame answers them only when it takes connections.
PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"

#: Written once. A smaller write-ahead log than usual keeps the memory and the disk of a laptop free.
CONFIG = """\
listeners.tcp.default = {host}:{port}
default_user = {user}
default_pass = {password}
log.file.level = info
log.file.rotation.size = 10485760
log.file.rotation.count = 2
raft.wal_max_size_bytes = 67108864
"""


@dataclass(frozen=True, slots=True)
class RabbitPorts:
    """Where the node listens, all on loopback."""

    amqp: int
    #: Erlang distribution, used by rabbitmqctl.
    distribution: int
    #: The node's own Erlang port mapper.
    epmd: int


@dataclass(frozen=True, slots=True)
class RabbitMQ:
    """One private node. It is started and stopped here; whether it runs is asked of the system each time."""

    home: Path
    ports: RabbitPorts
    node: str = NODE  #: nodes of one cluster have names of their own

    @property
    def url(self) -> str:
        """The AMQP address of its default vhost, with credentials."""
        return f"amqp://{USER}:{self._secret('password')}@{LOOPBACK}:{self.ports.amqp}/"

    @property
    def log(self) -> Path:
        """Everything the node prints while starting, and its crashes."""
        return self.home / "rabbitmq.log"

    def launch(self) -> tuple[Process, Process]:
        """Starts the port mapper and the node and returns both at once; `wait_ready` waits for the node."""
        self._write_files()
        mapper = processes.launch(
            [_found("epmd", executables.epmd()), "-port", str(self.ports.epmd), "-address", LOOPBACK],
            home=self.home,
            log=self.home / "epmd.log",
            env=self.environment(),
        )
        script = _found("rabbitmq-server", executables.rabbitmq_server())
        node = processes.launch([script], home=self.home, log=self.log, env=self.environment())
        return mapper, node

    def wait_ready(self, node: Process) -> None:
        """Returns when the node takes connections. Raises CannotStart with the end of its log."""
        processes.wait_until(
            lambda: self.version() is not None,
            node,
            name=f"RabbitMQ (port {self.ports.amqp})",
            timeout_s=START_TIMEOUT_S,
            explain=lambda: processes.tail(self.log),
        )

    def version(self) -> str | None:
        """The version the node reports to a client, or None when it does not answer."""
        return server_version(self.ports.amqp)

    def ctl(self, *arguments: str) -> str:
        """Runs `rabbitmqctl` against this node and returns what it printed. Takes a second or two.

        Raises:
            CannotStart: the command failed; the text is what it said.
        """
        script = _found("rabbitmq-server", executables.rabbitmq_server()).with_name("rabbitmqctl")
        run = subprocess.run(
            [str(script), "--quiet", "--node", self.node, *arguments],
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=CTL_TIMEOUT_S,
        )
        if run.returncode != 0:
            raise CannotStart(f"rabbitmqctl {arguments[0]} failed: {run.stderr.strip() or run.stdout.strip()}")
        return run.stdout

    def environment(self) -> dict[str, str]:
        """Ours without any Erlang or RabbitMQ setting of the machine, plus everything that keeps the node in `home`."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("RABBITMQ_", "ERL_", "NOTIFY_"))}
        loopback = "-kernel inet_dist_use_interface {127,0,0,1}"
        return inherited | {
            "HOME": str(self.home),
            "ERL_EPMD_PORT": str(self.ports.epmd),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_CRASH_DUMP": str(self.home / "erl_crash.dump"),
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
            "RABBITMQ_NODE_PORT": str(self.ports.amqp),
            "RABBITMQ_DIST_PORT": str(self.ports.distribution),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"+B i {loopback}",
            "RABBITMQ_CTL_ERL_ARGS": loopback,
            # Any free port: the usual range is shared by every rabbitmqctl of the machine.
            "RABBITMQ_CTL_DIST_PORT_MIN": "0",
            "RABBITMQ_CTL_DIST_PORT_MAX": "0",
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": str(self.home / "rabbitmq"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.home / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.home / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.home / "data"),
            "RABBITMQ_SCHEMA_DIR": str(self.home / "schema"),
            "RABBITMQ_LOG_BASE": str(self.home / "log"),
            "RABBITMQ_PID_FILE": str(self.home / "pid"),
            # The start script then becomes the node instead of waiting for it: one process to know.
            "detached": "true",
        }

    def _write_files(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        for name in ("schema", "log", "data"):
            (self.home / name).mkdir(exist_ok=True)
        self._secret(".erlang.cookie")
        (self.home / "enabled_plugins").write_text("[].\n")
        (self.home / "advanced.config").write_text("[].\n")
        config = CONFIG.format(host=LOOPBACK, port=self.ports.amqp, user=USER, password=self._secret("password"))
        _write_private(self.home / "rabbitmq.conf", config)

    def _secret(self, name: str) -> str:
        """A random word that stays the same for as long as the directory exists."""
        path = self.home / name
        if not path.exists():
            _write_private(path, secrets.token_hex(16))
        return path.read_text()


def server_version(port: int) -> str | None:
    """What a broker on this loopback port says of itself in its first frame, or None when none answers."""
    with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=2) as connection:
        connection.sendall(PROTOCOL_HEADER)
        # Table entry of Connection.Start: short name, type S, four bytes of length, text.
        found = re.search(rb"\x07versionS\x00{3}.([\d.]+)", connection.recv(4096), re.DOTALL)
        return found.group(1).decode() if found else None
    return None


def _found(name: str, path: Path | None) -> Path:
    if path is None:
        raise CannotStart(f"{name} is not installed. Type:\n  campaigns up")
    return path


def _write_private(path: Path, text: str) -> None:
    """Readable by us alone from the first moment."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
