"""One run: servers, workers, a campaign, faults while it is sent, and the evidence at its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.embedded import ports
from cli.embedded.install import ensure_installed
from cli.output import say
from tests.chaos.broker import Broker
from tests.chaos.crew import Crew
from tests.chaos.deployment import Deployment, deployment
from tests.chaos.faults import Faults, Happened, SinkProcess
from tests.chaos.plan import Fault, Kind
from tests.chaos.processes import Watched, watched
from tests.chaos.record import Record
from tests.chaos.replica_set import ReplicaSet
from tests.chaos.verdict import Evidence
from tests.servers import take_named_rabbitmq

POLL_S = 0.02
LEFT_S = 20.0  #: messages that came twice die out within this time


@dataclass(frozen=True, slots=True)
class Wanted:
    emails: int
    senders: int
    nodes: int  #: of RabbitMQ
    seed: int
    patience_s: float
    directory: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    evidence: Evidence
    happened: Sequence[Happened]
    seconds: float  #: from the wish to send until the campaign was sent
    versions: str


@dataclass(frozen=True, slots=True)
class _Stage:
    """Everything that runs."""

    wanted: Wanted
    broker: Broker
    mongo: ReplicaSet
    sink: SinkProcess
    record: Record
    house: Deployment
    crew: Crew


def run(wanted: Wanted, plan: Sequence[Fault]) -> Outcome:
    """
    Raises:
        CannotStart: the servers did not come up.
    """
    with watched(wanted.directory) as processes, _stage(wanted, processes) as stage:
        planned = asyncio.run(stage.house.prepared(wanted.emails))
        stage.crew.start_all()
        asyncio.run(stage.house.begin())
        began = time.monotonic()
        deadline = began + wanted.patience_s
        faults = Faults(stage.broker, stage.mongo, stage.crew, stage.sink, stage.house)
        died = _under_fire(stage, faults, plan, deadline)
        is_sent = _wait(stage, deadline)
        seconds = time.monotonic() - began
        messages = _left(stage.broker)
        died |= dict.fromkeys(stage.crew.died(), 0)
        codes = {name: code for name, code in stage.crew.stop_all().items() if code != 0}
        for name in died | codes:
            say(f"{name} ended badly; its log ends:\n{stage.crew.last_words(name)}")
        stage.sink.stop()
        evidence = _evidence(stage, planned, faults.happened, is_sent, messages, died | codes)
        return Outcome(evidence, faults.happened, seconds, _versions(stage))


@contextmanager
def _stage(wanted: Wanted, processes: Watched) -> Iterator[_Stage]:
    take_named_rabbitmq()
    ensure_installed(say=say)
    say("Starting servers")
    broker, mongo = Broker(wanted.directory, processes, wanted.nodes), ReplicaSet(wanted.directory, processes)
    broker.launch()
    mongo.launch()
    mongo.wait_ready()
    broker.wait_ready()
    port, path = ports.any_free(), wanted.directory / "accepted"
    sink = SinkProcess(port, path, wanted.seed, processes)
    house = deployment(broker.url, mongo.url, port)
    crew = Crew(wanted.directory, house.environment, processes, wanted.senders)
    yield _Stage(wanted, broker, mongo, sink, Record(path), house, crew)


def _under_fire(stage: _Stage, faults: Faults, plan: Sequence[Fault], deadline: float) -> dict[str, int]:
    """Carries the plan out, while there is time; workers that ended by themselves meanwhile."""
    died: dict[str, int] = {}
    for number, fault in enumerate(plan, 1):
        seen = _until(stage.record, fault.after_mails, deadline)
        if time.monotonic() > deadline:
            break
        died |= dict.fromkeys(stage.crew.died(), 1)
        happened = faults.carry_out(fault)
        say(f"{number:3} of {len(plan)}  after {seen:6,} mails  {fault.kind}: {happened.whom}")
    return died


def _until(record: Record, mails: int, deadline: float) -> int:
    while (seen := record.count()) < mails and time.monotonic() < deadline:
        time.sleep(POLL_S)
    return seen


def _wait(stage: _Stage, deadline: float) -> bool:
    """Until the campaign is sent; False when it takes too long."""
    while not asyncio.run(stage.house.is_sent()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def _left(broker: Broker) -> Mapping[str, int]:
    """Messages in queues once nothing is under way any more."""
    deadline = time.monotonic() + LEFT_S
    while any(depths := {name: count for name, count in broker.depths().items() if count}):
        if time.monotonic() > deadline:
            break
        time.sleep(0.5)
    return depths


def _evidence(
    stage: _Stage,
    planned: Sequence[str],
    happened: Sequence[Happened],
    is_sent: bool,
    messages: Mapping[str, int],
    ended_badly: Mapping[str, int],
) -> Evidence:
    found = asyncio.run(stage.house.found(len(planned)))
    return Evidence(
        planned=planned,
        ledger=found.states,
        record=stage.record.lines(),
        messages=messages,
        parked=found.parked,
        killed_senders=sum(each.kind is Kind.SENDER_KILLED for each in happened),
        claim_window=stage.house.settings.sending.claim_window,
        ended_badly=ended_badly,
        campaign_is_sent=is_sent,
        books_closed=found.closed,
    )


def _versions(stage: _Stage) -> str:
    return f"RabbitMQ {stage.broker.version()}, nodes: {stage.broker.size}; MongoDB {stage.mongo.version()}, members: 3"
