"""`campaigns sync edit`: what is named changes, and lists and topics may be emptied."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from cli import context
from cli.sync import edit
from domain.lists import MailingList
from domain.sync import Sync
from tests.builders import a_sync
from tests.fakes.lists import MemoryLists
from tests.fakes.modules import MemoryModules
from tests.fakes.syncs import MemorySyncs
from tests.fakes.topics import MemoryTopics

KNOWN = a_sync(topics=("marketing",))


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> MemorySyncs:
    syncs = MemorySyncs(KNOWN)
    stores: Any = SimpleNamespace(
        syncs=syncs,
        modules=MemoryModules(),
        lists=MemoryLists(MailingList("news", "News"), MailingList("vip", "VIP")),
        topics=MemoryTopics(),
    )
    monkeypatch.setattr(context, "settings", lambda: None)
    monkeypatch.setattr(context, "stored", lambda _, work: asyncio.run(work(stores)))
    return syncs


def edited(syncs: MemorySyncs, **options: Any) -> Sync:
    edit(KNOWN.id, **options)
    found = asyncio.run(syncs.get(KNOWN.id))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("options", "lists", "topics"),
    [
        ({}, ("news",), ("marketing",)),
        ({"list_": ["vip"]}, ("vip",), ("marketing",)),
        ({"no_lists": True}, (), ("marketing",)),
        ({"no_topics": True}, ("news",), ()),
        ({"no_topics": True, "list_": ["vip"]}, ("vip",), ()),
    ],
)
def test_lists_and_topics_are_replaced_emptied_or_kept(
    syncs: MemorySyncs, options: dict[str, Any], lists: tuple[str, ...], topics: tuple[str, ...]
) -> None:
    found = edited(syncs, **options)
    assert (found.lists, found.topics, found.map_version) == (lists, topics, KNOWN.map_version)


@pytest.mark.parametrize("options", [{"list_": ["vip"], "no_lists": True}, {"topic": ["marketing"], "no_topics": True}])
def test_some_and_none_at_once_are_refused(syncs: MemorySyncs, options: dict[str, Any]) -> None:
    with pytest.raises(typer.BadParameter, match="name some, or none"):
        edit(KNOWN.id, **options)
    assert asyncio.run(syncs.get(KNOWN.id)) == replace(KNOWN, revision=1)
