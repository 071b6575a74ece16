"""One suite over the small collections, in memory and in MongoDB: lists, topics, templates, modules and syncs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from domain.contact import SubscriptionType
from domain.errors import Conflict
from domain.lists import MailingList
from domain.module import BUILT_IN, Module, ModuleField
from domain.saved_template import SavedTemplate
from domain.sync import SyncStatus
from repositories.lists import MongoLists
from repositories.modules import MongoModules
from repositories.syncs import MongoSyncs
from repositories.templates import MongoTemplates
from repositories.topics import MongoTopics
from tests.builders import NOW, a_list, a_sync, a_topic, later
from tests.fakes.lists import MemoryLists
from tests.fakes.modules import MemoryModules
from tests.fakes.syncs import MemorySyncs
from tests.fakes.templates import MemoryTemplates
from tests.fakes.topics import MemoryTopics


@pytest.fixture(params=["memory", "mongo"])
def stores(request: pytest.FixtureRequest) -> dict[str, Any]:
    if request.param == "memory":
        memory = (MemoryLists, MemoryTopics, MemoryTemplates, MemoryModules, MemorySyncs)
        return dict(zip(("lists", "topics", "templates", "modules", "syncs"), [kind() for kind in memory], strict=True))
    database = request.getfixturevalue("mongo_database")
    return {
        "lists": MongoLists(database),
        "topics": MongoTopics(database),
        "templates": MongoTemplates(database),
        "modules": MongoModules(database),
        "syncs": MongoSyncs(database),
    }


async def test_a_list_stays_as_it_was_added_first(stores: dict[str, Any]) -> None:
    await stores["lists"].add(a_list())
    await stores["lists"].add(a_list(name="Something else"))
    await stores["lists"].add(a_list("a"))
    assert await stores["lists"].get("news") == a_list()
    assert await stores["lists"].get("nothing") is None
    assert await stores["lists"].all() == [a_list("a"), a_list()]


async def test_a_list_can_be_called_otherwise(stores: dict[str, Any]) -> None:
    changed = MailingList("news", "Other news", "You asked", SubscriptionType.NON_MARKETING)
    assert not await stores["lists"].redefine(changed)
    await stores["lists"].add(a_list())
    assert await stores["lists"].redefine(changed)
    assert await stores["lists"].get("news") == changed


async def test_a_topic_stays_as_it_was_added_first(stores: dict[str, Any]) -> None:
    await stores["topics"].add(a_topic())
    await stores["topics"].add(a_topic(name="Something else"))
    assert await stores["topics"].get("marketing") == a_topic()
    assert await stores["topics"].get("nothing") is None
    assert await stores["topics"].all() == [a_topic()]


async def test_a_topic_can_be_called_otherwise(stores: dict[str, Any]) -> None:
    assert not await stores["topics"].rename(a_topic(name="Offers"))
    await stores["topics"].add(a_topic())
    assert await stores["topics"].rename(a_topic(name="Offers"))
    assert await stores["topics"].get("marketing") == a_topic(name="Offers")


async def test_a_template_saved_again_is_replaced(stores: dict[str, Any]) -> None:
    template = SavedTemplate("spring", "Hello", "<p>$x</p>", "x", NOW, "In short")
    await stores["templates"].save(template)
    await stores["templates"].save(replace(template, text=None))
    assert await stores["templates"].get("spring") == replace(template, text=None)
    assert await stores["templates"].get("nothing") is None
    assert await stores["templates"].all() == [replace(template, text=None)]


async def test_built_in_modules_are_known_and_can_be_described_anew(stores: dict[str, Any]) -> None:
    modules = stores["modules"]
    assert await modules.get("Leads") == BUILT_IN["Leads"]
    assert await modules.get("Deals") is None
    fields = (ModuleField("E.mail", "Email", "email"),)
    described = Module("Leads", "Leads", fields, "E.mail", {"E.mail": "mail"})
    await modules.save(described)
    assert await modules.get("Leads") == described
    assert [module.name for module in await modules.all()] == sorted(BUILT_IN)


async def test_only_active_syncs_of_the_modules_asked_for_are_found(stores: dict[str, Any]) -> None:
    syncs = stores["syncs"]
    wanted = [a_sync("a", field_map={"$City.Name": "city"}), a_sync("b", topics=("marketing",))]
    for sync in [*reversed(wanted), a_sync("c", status=SyncStatus.PAUSED), a_sync("d", module="Contacts")]:
        await syncs.save(sync)
    assert await syncs.active(["Leads", "Deals"]) == wanted
    assert [sync.id for sync in await syncs.active()] == ["a", "b", "d"]
    assert [sync.id for sync in await syncs.all()] == ["a", "b", "c", "d"]


async def test_a_sync_saved_again_is_replaced(stores: dict[str, Any]) -> None:
    first = await stores["syncs"].save(a_sync())
    paused = replace(first, status=SyncStatus.PAUSED, map_version=2, field_versions={"$City.Name": 2})
    stored = await stores["syncs"].save(paused)
    assert await stores["syncs"].get("leads") == stored == paused
    assert (first.revision, stored.revision) == (1, 2)
    assert await stores["syncs"].get("nothing") is None


async def test_of_two_who_save_a_sync_at_the_same_time_one_has_to_look_again(stores: dict[str, Any]) -> None:
    first = await stores["syncs"].save(a_sync())
    await stores["syncs"].save(replace(first, map_version=2))
    for late in (replace(first, map_version=3), a_sync(map_version=4)):
        with pytest.raises(Conflict, match="sync leads was changed by somebody else"):
            await stores["syncs"].save(late)
    stored = await stores["syncs"].get("leads")
    assert stored.map_version == 2


async def test_a_sync_that_is_removed_is_gone(stores: dict[str, Any]) -> None:
    for sync in (a_sync(), a_sync("more")):
        await stores["syncs"].save(sync)
    await stores["syncs"].remove("leads")
    await stores["syncs"].remove("leads")
    assert [sync.id for sync in await stores["syncs"].all()] == ["more"]


async def test_an_older_description_of_a_module_does_not_replace_a_newer_one(stores: dict[str, Any]) -> None:
    def dragons(label: str, at: datetime | None) -> Module:
        return Module("Dragons", label, (), None, {}, at)

    modules = stores["modules"]
    assert await modules.save(dragons("first", None))
    assert await modules.save(dragons("second", later(2)))
    assert await modules.save(dragons("again", later(2)))
    assert not await modules.save(dragons("late", later(1)))
    assert await modules.get("Dragons") == dragons("again", later(2))
    assert await modules.save(dragons("by hand", None))
    assert await modules.get("Dragons") == dragons("by hand", None)


async def test_a_template_that_was_saved_before_there_were_preheaders_has_none(mongo_database: Any) -> None:
    old = {"_id": "old", "subject": "Hello", "html": None, "text": "x", "saved_at": NOW}
    await mongo_database["templates"].insert_one(old)
    assert await MongoTemplates(mongo_database).get("old") == SavedTemplate("old", "Hello", None, "x", NOW)
