"""The CRM describes its modules (R10), and syncs are looked at with other eyes."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import InvalidDefinition
from domain.module import BUILT_IN
from domain.sync import problems
from handlers.module_described import ModuleKeeper
from messages.module_described import ModuleDescribed
from messages.sync_requested import SyncRequested
from tests.builders import a_record, a_sync, later
from tests.fakes.modules import MemoryModules
from tests.fakes.records import MemoryRecords
from tests.fakes.syncs import MemorySyncs
from tests.handlers.audience import Audience

FIELDS = [
    {"api_name": "First_Name", "label": "First Name", "type": "text"},
    {"api_name": "Fire_Mail", "label": "Fire mail", "type": "email"},
]


def a_description(**overrides: Any) -> ModuleDescribed:
    return ModuleDescribed(**{"module": "Dragons", "label": "Dragons", "fields": FIELDS, **overrides})


async def test_a_custom_module_is_synced_once_it_is_described() -> None:
    """R10."""
    records = MemoryRecords(a_record("1", {"Fire_Mail": "smaug@example.com", "First_Name": "S"}, module="Dragons"))
    crm = Audience(records=records, syncs=MemorySyncs(a_sync(module="Dragons", field_map={"First_Name": "first_name"})))
    with pytest.raises(InvalidDefinition, match="module: Dragons is not known"):
        await crm.runner(SyncRequested(sync_id="leads"))
    await ModuleKeeper(crm.modules)(a_description())
    await crm.run(SyncRequested(sync_id="leads"))
    assert crm.of("smaug@example.com").values() == {"first_name": "S"}


async def test_a_sync_of_a_module_without_an_email_field_is_refused() -> None:
    """R10."""
    crm = Audience(syncs=MemorySyncs(a_sync(module="Dragons", field_map={})))
    await ModuleKeeper(crm.modules)(a_description(fields=FIELDS[:1]))
    with pytest.raises(InvalidDefinition, match=r"Dragons has no field of type Email.*\(R10\)"):
        await crm.runner(SyncRequested(sync_id="leads"))


async def test_a_repeated_description_changes_nothing() -> None:
    modules = MemoryModules()
    await ModuleKeeper(modules)(a_description())
    before = dict(modules.stored)
    assert await ModuleKeeper(modules)(a_description()) == []
    assert modules.stored == before


async def test_an_older_description_that_comes_late_changes_nothing() -> None:
    """D4, for modules."""
    modules = MemoryModules()
    await ModuleKeeper(modules)(a_description(label="New", described_at=later(2)))
    await ModuleKeeper(modules)(a_description(label="Old", described_at=later(1)))
    assert modules.stored["Dragons"].label == "New"


async def test_a_sync_whose_mapped_field_vanished_says_so_and_is_not_run() -> None:
    crm = Audience(syncs=MemorySyncs(a_sync()))
    kept = [each for each in BUILT_IN["Leads"].fields if each.api_name != "Last_Name"]
    fields = [{"api_name": each.api_name, "label": each.label, "type": each.type} for each in kept]
    await ModuleKeeper(crm.modules)(a_description(module="Leads", fields=fields))
    words = "map.Last_Name: Leads has no such field; describe the module anew, or unmap it"
    assert problems(crm.syncs.stored["leads"], crm.modules.stored["Leads"]) == [words]
    with pytest.raises(InvalidDefinition, match=r"map\.Last_Name: Leads has no such field"):
        await crm.runner(SyncRequested(sync_id="leads", mode="reinitiate"))


async def test_a_description_without_meaning_is_refused() -> None:
    with pytest.raises(InvalidDefinition, match="First_Name is not of type Email"):
        await ModuleKeeper(MemoryModules())(a_description(email_field="First_Name"))
