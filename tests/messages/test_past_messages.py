"""Messages of every past version are read by this code, and queues stay as they were declared: old and new versions
run side by side, and a queue may hold what an old one wrote.

When a test here fails, a change was not additive. Mend the code, not the file: give a new field a default, take the
old name or type as well, or make another message type (`campaigns.<type>.v2`). A queue's arguments can't change: what
must differ needs another queue name. Add the messages of a new version as tests/past/messages/vN; those that are
there never change.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from messages.catalog import INCOMING, OUTGOING
from messages.envelope import unpack
from workers.catalog import QUEUES
from workers.topology import topology

PAST = Path(__file__).parents[1] / "past"
FILES = sorted(PAST.glob("messages/v*/*.json"))
TOPOLOGIES = sorted(PAST.glob("topology/v*.json"))
MODELS = {**INCOMING, **OUTGOING}


def same(then: Any, now: Any) -> bool:
    """Whether a value reads as it did; an object may have more fields now."""
    if isinstance(then, dict):
        return isinstance(now, dict) and all(name in now and same(then[name], now[name]) for name in then)
    if isinstance(then, list):
        return isinstance(now, list) and len(then) == len(now) and all(map(same, then, now))
    return bool(then == now) or _instant(then) == _instant(now) is not None


def _instant(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name} {file.stem}")
def test_a_past_message_reads_as_it_did(file: Path) -> None:
    event, message = unpack(file.read_bytes(), MODELS[file.name.split(".")[0]])
    assert event.id
    assert same(json.loads(file.read_text())["data"], message.model_dump(mode="json"))


def test_every_type_of_the_first_version_has_a_message() -> None:
    first = {file.name.split(".")[0] for file in FILES if file.parent.name == "v1"}
    assert len(first) == 11
    assert first <= MODELS.keys()


@pytest.mark.parametrize("file", TOPOLOGIES, ids=lambda file: file.stem)
def test_queues_of_a_past_version_are_declared_as_they_were(file: Path) -> None:
    """Else `campaigns init` would refuse, on every deployment that there is."""
    then, now = json.loads(file.read_text()), topology(QUEUES)
    assert set(then["exchanges"]) <= set(now.exchanges)
    declared = {queue.name: dict(queue.arguments) for queue in now.queues}
    assert {name: declared.get(name) for name in then["queues"]} == then["queues"]
    bound = {(one.exchange, one.queue, one.routing_key) for one in now.bindings}
    assert {tuple(one) for one in then["bindings"]} <= bound
