"""Carries faults out, one after the other, and mends what they broke."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos import partition
from tests.chaos.broker import Broker
from tests.chaos.crew import Crew
from tests.chaos.deployment import Deployment
from tests.chaos.plan import Fault, Kind
from tests.chaos.processes import ROOT, Watched
from tests.chaos.replica_set import ReplicaSet

HANG_S, CLOSING_S, AWAY_S = 4.0, 3.0, 3.0
FROZEN_S, CUT_OFF_S = 15.0, 20.0
DROPS = 10  #: replies per fault
DROPS_S = 2.0  #: by then they were dropped, as mails are on their way


class SinkProcess:
    """The SMTP server of the run, and the orders it takes (tests/chaos/sink.py)."""

    def __init__(self, port: int, record: Path, seed: int, watched: Watched) -> None:
        command = [sys.executable, "-m", "tests.chaos.sink", str(port), str(record), str(seed)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=ROOT, text=True, start_new_session=True)
        watched.add_pid(self._process.pid)

    def order(self, order: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()

    def stop(self) -> None:
        self._process.communicate(timeout=30)


@dataclass(frozen=True, slots=True)
class Happened:
    """A fault that was carried out."""

    kind: Kind
    whom: str
    at: float  #: when it struck, seconds since the epoch
    mended_at: float


@dataclass(slots=True)
class Faults:
    broker: Broker
    mongo: ReplicaSet
    crew: Crew
    sink: SinkProcess
    house: Deployment
    happened: list[Happened] = field(default_factory=list)

    def carry_out(self, fault: Fault) -> Happened:
        """Returns when what it broke is up again; the product may still be recovering."""
        dice = random.Random(fault.die)
        at = time.time()
        whom = self._ways[fault.kind](dice)
        self.happened.append(Happened(fault.kind, whom, at, time.time()))
        return self.happened[-1]

    @property
    def _ways(self) -> Mapping[Kind, Callable[[random.Random], str]]:
        return {
            Kind.SENDER_KILLED: lambda dice: self._worker(dice.choice(self.crew.senders), dice),
            Kind.SCHEDULER_KILLED: lambda dice: self._worker(dice.choice(self.crew.others), dice),
            Kind.CONNECTIONS_CLOSED: self._connections,
            Kind.BROKER_RESTARTED: lambda dice: self._broker(self.broker.stop, dice),
            Kind.BROKER_KILLED: lambda dice: self._broker(self.broker.kill, dice),
            Kind.BROKER_FROZEN: self._frozen,
            Kind.BROKER_CUT_OFF: self._cut_off,
            Kind.PRIMARY_KILLED: self._primary,
            Kind.BOTH_AWAY: self._both,
            Kind.SMTP_HANGS: lambda _: self._smtp(f"hang {HANG_S}", HANG_S),
            Kind.SMTP_CLOSING: self._closing,
            Kind.SMTP_AWAY: lambda _: self._smtp(f"away {AWAY_S}", AWAY_S),
            Kind.SMTP_DROPS: lambda _: self._smtp(f"drop {DROPS}", DROPS_S),
            Kind.SMTP_CUT: lambda _: self._smtp("cut", 0),
        }

    def _worker(self, name: str, dice: random.Random) -> str:
        self.crew.kill(name)
        time.sleep(dice.random() * 2)  # whoever starts it again takes a moment to notice
        self.crew.start(name)
        return name

    def _connections(self, _: random.Random) -> str:
        self.broker.close_connections()
        return "all"

    def _broker(self, end: Callable[[int], None], dice: random.Random) -> str:
        node = dice.randrange(self.broker.size)
        end(node)
        self.broker.start(node)
        return f"node {node}"

    def _frozen(self, dice: random.Random) -> str:
        node = dice.randrange(self.broker.size)
        self.broker.freeze(node)
        time.sleep(FROZEN_S)
        self.broker.thaw(node)
        return f"node {node}"

    def _cut_off(self, dice: random.Random) -> str:
        node = dice.randrange(self.broker.size)
        self.broker.cut_off(node)
        time.sleep(CUT_OFF_S)
        partition.heal()
        return f"node {node}"

    def _primary(self, dice: random.Random) -> str:
        member = self.mongo.kill_primary()
        time.sleep(1 + dice.random() * 3)
        self.mongo.start(member)
        return f"member {member}"

    def _both(self, dice: random.Random) -> str:
        node = dice.randrange(self.broker.size)
        member = self.mongo.kill_primary()
        self.broker.kill(node)
        self.broker.start(node)
        self.mongo.start(member)
        return f"node {node}, member {member}"

    def _closing(self, _: random.Random) -> str:
        """421 means "slow down", and is obeyed for half a minute and more: too long for a run of a minute."""
        whom = self._smtp(f"closing {CLOSING_S}", CLOSING_S + 1)
        asyncio.run(self.house.lift_throttles())
        return whom

    def _smtp(self, order: str, lasts_s: float) -> str:
        self.sink.order(order)
        time.sleep(lasts_s)
        return order
