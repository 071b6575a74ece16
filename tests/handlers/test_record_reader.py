"""Whose values a preview or a test mail shows, R44, R68: a record before a review has carried it over."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from domain.contact import ContactField
from domain.eligibility import SuppressionReason
from domain.errors import InvalidDefinition, UnknownModule
from domain.lists import Suppression
from handlers.record_reader import RecordReader
from handlers.review_people import People
from tests.builders import ADDRESS_KEY, NOW, a_contact, a_record, a_stamp, a_sync
from tests.fakes.contacts import MemoryContacts
from tests.fakes.modules import MemoryModules
from tests.fakes.records import MemoryRecords
from tests.fakes.selections import MemorySelections
from tests.fakes.suppressions import MemorySuppressions
from tests.fakes.syncs import MemorySyncs
from tests.handlers.reviewing import a_draft

BO: dict[str, Any] = {"Email": "bo@crm.example", "First_Name": "Bo", "City": "Rome"}


class Desk:
    def __init__(self, *syncs: Any, fields: dict[str, Any] | None = None, **record: Any) -> None:
        self.contacts, self.suppressions = MemoryContacts(), MemorySuppressions()
        self.records = MemoryRecords(a_record(fields=fields or BO, **record))
        people = People(self.records, self.contacts, MemoryModules(), MemorySelections())
        self.read = RecordReader(people, MemorySyncs(*syncs), self.suppressions, ADDRESS_KEY)


async def test_a_record_is_read_as_the_contact_it_would_become_and_nothing_is_written() -> None:
    desk = Desk()
    before = deepcopy(desk.records.stored)
    found = await desk.read(a_draft(), "Leads:1")
    assert (found.address, found.values()["first_name"], found.values()["city"]) == ("bo@crm.example", "Bo", "Rome")
    assert (desk.records.stored, desk.contacts.stored) == (before, {})


async def test_only_what_its_syncs_map_is_shown() -> None:
    found = await Desk(a_sync(field_map={"First_Name": "nickname"})).read(a_draft(), "Leads:1")
    assert found.values() == {"nickname": "Bo"}


async def test_values_that_the_contact_has_from_elsewhere_are_there_too() -> None:
    desk = Desk()
    await desk.contacts.save([a_contact("bo@crm.example", fields={"hobby": ContactField("chess", a_stamp())})])
    found = await desk.read(a_draft(), "Leads:1")
    assert (found.values()["hobby"], found.values()["first_name"]) == ("chess", "Bo")


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({"fields": {"First_Name": "Bo"}}, "no_email"),
        ({"fields": {"Email": "nobody"}}, "invalid_email"),
        ({"deleted_version": 9}, "deleted"),
    ],
)
async def test_a_record_that_leads_to_nobody_is_refused_with_the_reason(record: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidDefinition, match=f"Leads:1 leads to nobody who could be mailed: {told}"):
        await Desk(**record).read(a_draft(), "Leads:1")


async def test_erased_people_are_not_shown() -> None:
    desk = Desk()
    erased = Suppression(a_contact("bo@crm.example").id, SuppressionReason.ERASED, NOW)
    await desk.suppressions.add([erased])
    with pytest.raises(InvalidDefinition, match="suppressed"):
        await desk.read(a_draft(), "Leads:1")


async def test_a_record_that_never_came_is_refused() -> None:
    with pytest.raises(InvalidDefinition, match="no record Leads:2 is known"):
        await Desk().read(a_draft(), "Leads:2")


async def test_a_module_that_was_never_described_is_refused() -> None:
    with pytest.raises(UnknownModule, match="publish a module-described message"):
        await Desk(module="Zebras").read(a_draft(), "Zebras:1")
