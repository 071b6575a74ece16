"""A network of the run's own, in which a node of the broker can be cut off from the others.

Packets between nodes are dropped, not refused: nobody is told, as when a switch dies. Clients still reach every node.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator

import psutil

from cli.embedded import CannotStart

INSIDE = "CHAOS_IN_ITS_OWN_NETWORK"
_TOOLS = ("unshare", "ip", "iptables")


def enter() -> None:
    """Begins this program anew in a network namespace that has nothing but a loopback interface; once.

    Raises:
        CannotStart: this machine does not let us.
    """
    if os.environ.get(INSIDE):
        return
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing or subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode:
        raise CannotStart(f"A partition needs root and {', '.join(_TOOLS)}; missing here: {missing or 'the right'}.")
    again = [sys.executable, "-m", "tests.chaos", *sys.argv[1:]]
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *again])


def cut(pids: Collection[int], ports: Collection[int]) -> None:
    """Drops whatever goes through the connections of these processes from or to one of the ports."""
    for one, other in _pairs(pids, ports):
        for source, target in ((one, other), (other, one)):
            _iptables("-A", "INPUT", "-p", "tcp", "--sport", str(source), "--dport", str(target), "-j", "DROP")


def heal() -> None:
    """Lets everything through again."""
    _iptables("-F", "INPUT")


def _pairs(pids: Collection[int], ports: Collection[int]) -> Iterator[tuple[int, int]]:
    for pid in pids:
        for each in psutil.Process(pid).net_connections("tcp"):
            if each.status == psutil.CONN_ESTABLISHED and {each.laddr.port, each.raddr.port} & set(ports):
                yield each.laddr.port, each.raddr.port


def _iptables(*arguments: str) -> None:
    subprocess.run(["iptables", *arguments], check=True)
