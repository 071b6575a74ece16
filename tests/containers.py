"""The servers of the tests as Docker containers, from the images that the environment names."""

import gc
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cli.embedded.ports import any_free
from cli.embedded.rabbitmq import server_version
from repositories import replica_set
from tests.waiting import wait_for

RABBITMQ_IMAGE = os.environ.get("TEST_RABBITMQ_IMAGE", "rabbitmq:4")
MONGO_IMAGE = os.environ.get("TEST_MONGO_IMAGE", "mongo:7")

#: By file, not by the official image's variables: so images built on a plain Debian work alike.
RABBITMQ_CONF = "loopback_users = none\nlisteners.tcp.default = 0.0.0.0:5672\nlog.console = true\n"
READY_S = 120.0


@cache
def reason_against() -> str | None:
    """Why containers cannot be used here; None when an engine answers and has, or could pull, both images."""
    reason = _tried()
    with warnings.catch_warnings():  # docker-py leaves the socket open on which no engine answered
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    return reason


def _tried() -> str | None:
    import docker  # type: ignore[import-untyped]
    from docker.errors import DockerException  # type: ignore[import-untyped]

    try:
        engine = docker.from_env(timeout=120)
    except DockerException as error:
        return f"no Docker engine answers ({error})"
    try:
        engine.ping()
        for image in (RABBITMQ_IMAGE, MONGO_IMAGE):
            _have(engine, image)
    except (DockerException, OSError) as error:
        return str(error)
    finally:
        engine.close()
    return None


def _have(engine: Any, image: str) -> None:
    from docker.errors import ImageNotFound

    try:
        engine.images.get(image)
    except ImageNotFound:
        name, _, tag = image.rpartition(":") if ":" in image.rpartition("/")[2] else (image, "", "latest")
        engine.images.pull(name, tag=tag)


@dataclass(frozen=True, slots=True)
class Containers:
    """Two running containers, each listening on one fixed port of this machine that survives a restart."""

    broker: Any
    store: Any
    amqp_port: int
    mongo_port: int

    @property
    def amqp_url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.amqp_port}/"

    @property
    def mongo_url(self) -> str:
        return f"mongodb://127.0.0.1:{self.mongo_port}/?replicaSet={replica_set.NAME}"

    def ctl(self, *arguments: str) -> str:
        run = self.broker.exec_run(["rabbitmqctl", "--quiet", *arguments])
        if run.exit_code != 0:
            raise RuntimeError(f"rabbitmqctl {arguments[0]}: {run.output.decode(errors='replace')}")
        return str(run.output.decode())

    def stop_broker(self) -> None:
        self.broker.stop(timeout=30)

    def kill_broker(self) -> None:
        self.broker.kill()
        self.broker.wait()

    def start_broker(self) -> None:
        self.broker.start()
        self.wait_broker()

    def stop_store(self) -> None:
        self.store.stop(timeout=30)

    def kill_store(self) -> None:
        self.store.kill()
        self.store.wait()

    def start_store(self) -> None:
        self.store.start()
        self.wait_store()

    def wait_broker(self) -> None:
        """Docker accepts connections long before the broker does: only its first frame counts."""
        wait_for(lambda: server_version(self.amqp_port) is not None, timeout_s=READY_S, what="RabbitMQ")

    def wait_store(self) -> None:
        wait_for(lambda: replica_set.answers(self.mongo_port), timeout_s=READY_S, what="MongoDB")
        replica_set.ensure_primary(self.mongo_port, timeout_s=READY_S)


@contextmanager
def running() -> Iterator[Containers]:
    """Both containers, removed afterwards."""
    # Its helper image would be pulled from Docker Hub even for local images; we remove our containers ourselves.
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    with ExitStack() as stack:
        amqp_port, mongo_port = any_free(), any_free()
        conf = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "rabbitmq.conf"
        broker = stack.enter_context(_rabbitmq(conf, amqp_port))
        store = stack.enter_context(_mongodb(mongo_port))
        started = Containers(broker.get_wrapped_container(), store.get_wrapped_container(), amqp_port, mongo_port)
        started.wait_broker()
        started.wait_store()
        yield started


def _rabbitmq(conf: Path, port: int) -> Any:
    from testcontainers.core.container import DockerContainer

    conf.write_text(RABBITMQ_CONF)
    conf.parent.chmod(0o755)
    # The node's name, and so its data directory, contains the host name: a random one loses the data on restart.
    return (
        DockerContainer(RABBITMQ_IMAGE, hostname="rabbit")
        .with_bind_ports(5672, port)
        .with_volume_mapping(str(conf), "/etc/rabbitmq/rabbitmq.conf", "ro")
        .with_command("rabbitmq-server")
    )


def _mongodb(port: int) -> Any:
    from testcontainers.core.container import DockerContainer

    # The same port inside and outside: so the member's address 127.0.0.1:port is true on both sides.
    command = f"mongod --replSet {replica_set.NAME} --bind_ip_all --port {port} --dbpath /data/db"
    return DockerContainer(MONGO_IMAGE).with_command(command).with_bind_ports(port, port)
