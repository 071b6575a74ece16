"""A private RabbitMQ, of one node or of three, that is stopped, killed, frozen and cut off from its clients."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path

from cli.embedded import ports, processes
from cli.embedded.processes import Process
from cli.embedded.rabbitmq import RabbitMQ, RabbitPorts
from tests.chaos import partition
from tests.chaos.processes import Watched

COOKIE = ".erlang.cookie"


class Broker:
    """Its nodes have numbers, from 0."""

    def __init__(self, directory: Path, watched: Watched, nodes: int) -> None:
        epmd = ports.any_free()  # one port mapper for all: nodes find each other through it
        self._nodes = [_node(directory, number, epmd) for number in range(nodes)]
        self._running: dict[int, Process] = {}
        self._watched = watched

    @property
    def size(self) -> int:
        return len(self._nodes)

    @property
    def url(self) -> str:
        """AMQP addresses of all nodes, as the setting takes them."""
        known = self._nodes[0].url  # who joins takes over the first one's users
        return " ".join(known.replace(f":{self._nodes[0].ports.amqp}/", f":{each.ports.amqp}/") for each in self._nodes)

    def launch(self) -> None:
        """Starts all nodes and returns at once."""
        for number in range(self.size):
            self._launch(number)
            self._share_cookie()

    def wait_ready(self) -> None:
        """Returns when all nodes take connections, as one cluster."""
        for number, node in enumerate(self._nodes):
            node.wait_ready(self._running[number])
        for node in self._nodes[1:]:
            node.ctl("stop_app")
            node.ctl("join_cluster", self._nodes[0].node)
            node.ctl("start_app")

    def stop(self, number: int) -> None:
        """Ends a node in good order."""
        processes.stop(self._running[number])

    def kill(self, number: int) -> None:
        """Ends a node as a power cut would."""
        processes.kill(self._running[number])

    def start(self, number: int) -> None:
        """Starts a node again and waits until it takes connections."""
        self._launch(number)
        self._nodes[number].wait_ready(self._running[number])

    def freeze(self, number: int) -> None:
        """A node that neither works nor ends; others find out by its silence."""
        self._signal(number, signal.SIGSTOP)

    def thaw(self, number: int) -> None:
        self._signal(number, signal.SIGCONT)

    def cut_off(self, number: int) -> None:
        """A node that the others neither hear nor reach; `partition.heal` ends it."""
        ports_ = [node.ports.distribution for node in self._nodes]
        partition.cut([process.pid for process in processes.session_of(self._running[number])], ports_)

    def close_connections(self) -> None:
        """Closes the connections of all clients."""
        self._nodes[0].ctl("close_all_connections", "--vhost", "/", "chaos")

    def depths(self) -> Mapping[str, int]:
        """Messages per queue, those under way among them."""
        listed = self._nodes[0].ctl("list_queues", "--no-table-headers", "name", "messages")
        return {
            name: int(messages or 0) for name, _, messages in (line.partition("\t") for line in listed.splitlines())
        }

    def version(self) -> str:
        return self._nodes[0].version() or "unknown"

    def _launch(self, number: int) -> None:
        for process in self._nodes[number].launch():
            self._running[number] = self._watched.add(process)  # the port mapper comes first

    def _share_cookie(self) -> None:
        """Nodes of a cluster know each other by one secret; the first one made it."""
        for node in self._nodes[1:]:
            if not (node.home / COOKIE).exists():
                node.home.mkdir(parents=True, exist_ok=True)
                (node.home / COOKIE).touch(0o600)
                (node.home / COOKIE).write_text((self._nodes[0].home / COOKIE).read_text())

    def _signal(self, number: int, what: signal.Signals) -> None:
        for process in processes.session_of(self._running[number]):
            os.kill(process.pid, what)


def _node(directory: Path, number: int, epmd: int) -> RabbitMQ:
    its_ports = RabbitPorts(amqp=ports.any_free(), distribution=ports.any_free(), epmd=epmd)
    return RabbitMQ(directory / f"rabbitmq-{number}", its_ports, f"chaos{number}@localhost")
