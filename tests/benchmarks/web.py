"""How many opens, clicks and posted events one web process takes, each confirmed by RabbitMQ before the answer."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice

import psutil

from cli import context
from cli.embedded import ports
from cli.output import say
from domain.api_token import ALL, new_token
from domain.campaign import CampaignStatus
from domain.email import EmailState
from domain.tracking import Kind, in_url, token
from repositories.stores import Stores
from tests.benchmarks.house import Ground, House
from tests.benchmarks.http_load import CONNECTIONS, Load, answered, client
from tests.benchmarks.measured import SPEED_COLUMNS, Measured, Run, on_uvloop, speed_row
from tests.benchmarks.worker_process import START_S, WorkerFailed, workers
from tests.builders import a_campaign, a_contact, an_email
from workers.options import signing_keys

PEOPLE = 2_000
BATCH = 100
_LONG_AGO = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_LINK = '<a href="https://green.example/">Green</a><a href="{{ unsubscribe_url }}">Unsubscribe</a>'
_FREE = {"WEB__PER_CLIENT_PER_S": "1e6", "GATEWAY__PER_S": "1e6", "GATEWAY__AT_ONCE": "1000000"}
_TRACKED = {"ORGANISATION__TRACKING": "all"}
_AGENT = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


@dataclass(frozen=True, slots=True)
class _Found:
    bare: list[Run] = field(default_factory=list)
    opens: list[Run] = field(default_factory=list)
    clicks: list[Run] = field(default_factory=list)
    single: list[Run] = field(default_factory=list)
    batches: list[Run] = field(default_factory=list)


def measure(ground: Ground, seconds: float, rounds: int) -> Measured:
    with ground.house() as house:
        found = _measure(house, seconds, rounds)
    return Measured(
        program="web",
        title=f"web: one process, {CONNECTIONS} connections ({CONNECTIONS // BATCH} with batches), {seconds:g} s each",
        columns=SPEED_COLUMNS,
        rows=(
            speed_row("a bare Starlette route", found.bare, found.bare),
            speed_row("opens", found.opens, found.bare),
            speed_row("clicks", found.clicks, found.bare),
            speed_row("events, one a request", found.single, found.bare),
            speed_row(f"events, {BATCH} a request", found.batches, found.bare),
        ),
        notes=(
            f"Asked by {client()}, which takes its part of the machine. Each open, click and event is confirmed by",
            f"RabbitMQ before the answer; opens and clicks are of {PEOPLE:,} people of one campaign. The bare route",
            "answers the same pixel under uvicorn, and does nothing else.",
        ),
        command=f"make bench ARGS='web --seconds {seconds:g} --rounds {rounds}'",
    )


def _measure(house: House, seconds: float, rounds: int) -> _Found:
    emails, secret = on_uvloop(_seeded(house))
    keys, found, port = signing_keys(house.settings), _Found(), ports.any_free()
    opens = Load([f"/o/{in_url(token(Kind.OPEN, email, keys))}.gif" for email in emails], headers=_AGENT)
    clicks = Load([f"/c/{in_url(token(Kind.CLICK, email, keys))}/0" for email in emails], headers=_AGENT)
    single, batch = _posted(secret, 1), _posted(secret, BATCH)
    with workers(house, "web", WEB__PORT=str(port), **_FREE, **_TRACKED) as [worker], _bare() as (bare, bare_port):
        _until_listening(port)
        for number in range(rounds):
            found.bare.append(_run(opens, bare_port, seconds, bare))
            found.opens.append(_run(opens, port, seconds, worker.process))
            found.clicks.append(_run(clicks, port, seconds, worker.process))
            found.single.append(_run(single, port, seconds, worker.process))
            found.batches.append(_run(batch, port, seconds, worker.process, BATCH))
            say(f"web: round {number + 1} of {rounds} is over")
    return found


def _run(load: Load, port: int, seconds: float, process: psutil.Popen, each: int = 1) -> Run:
    before = process.cpu_times()
    count, took_s = answered(load, port, seconds)
    after = process.cpu_times()
    return Run(count * each, took_s, after.user + after.system - before.user - before.system)


async def _seeded(house: House) -> tuple[Sequence[str], str]:
    """Ids of emails that went out long ago, and a token that may publish everything."""
    async with context.stores(house.settings) as stores:
        people = [f"p{number}@example.com" for number in range(PEOPLE)]
        emails = [an_email(person, "spring", state=EmailState.SENT, state_at=_LONG_AGO) for person in people]
        campaign = a_campaign("spring", status=CampaignStatus.SENT, status_at=_LONG_AGO)
        await stores.campaigns.add(replace(campaign, content=replace(campaign.content, html=_LINK)))
        await _stored(stores, people)
        await stores.emails.plan(emails)
        token_, text = new_token("bench", frozenset({ALL}), _LONG_AGO, os.urandom)
        await stores.api_tokens.add(token_)
    return [email.id for email in emails], text


async def _stored(stores: Stores, people: Sequence[str]) -> None:
    waiting = iter(people)
    while some := list(islice(waiting, 1_000)):
        await stores.contacts.save([a_contact(person) for person in some])


def _posted(secret: str, count: int) -> Load:
    """Changes of records, each of its own identity."""
    entries = [
        {
            "specversion": "1.0",
            "type": "campaigns.record-changed.v1",
            "source": "/crm",
            "id": f"@-{place}",
            "time": _LONG_AGO.isoformat(),
            "data": {
                "module": "Leads",
                "record_id": f"{place}",
                "operation": "update",
                "fields": {"First_Name": "Ann", "Last_Name": "Example", "Email": "ann", "City": "Berlin"},
                "changed_at": _LONG_AGO.isoformat(),
            },
        }
        for place in range(count)
    ]
    kind = "application/cloudevents-batch+json" if count > 1 else "application/cloudevents+json"
    body = json.dumps(entries if count > 1 else entries[0])
    return Load(
        ["/v1/events"], body, {"Authorization": f"Bearer {secret}", "Content-Type": kind}, CONNECTIONS // count or 1
    )


@contextmanager
def _bare() -> Iterator[tuple[psutil.Popen, int]]:
    port = ports.any_free()
    process = psutil.Popen([sys.executable, "-m", "tests.benchmarks.bare_web", str(port)], stdin=subprocess.DEVNULL)
    try:
        _until_listening(port)
        yield process, port
    finally:
        process.terminate()
        process.wait()


def _until_listening(port: int) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise WorkerFailed(f"nobody listens on port {port}")
