"""A mapped value is erased in the CRM, or only not named: every way of telling it (R15; docs/syncing.md)."""

from __future__ import annotations

from typing import Any

import pytest

from domain.values import is_empty
from messages.sync_requested import SyncRequested
from tests.builders import a_sync
from tests.fakes.syncs import MemorySyncs
from tests.handlers.audience import ANN, Audience, an_update

ERASED = [
    {"fields": {"City": None}, "complete": False},
    {"fields": {"City": ""}, "complete": False},
    {"fields": {"City": "  "}, "complete": False},
    {"fields": None, "cleared_fields": ["City"], "complete": False},
    {"fields": {"Email": ANN}, "complete": True},  # told whole, and City is not in it
    {"fields": {"Email": ANN}, "operation": "create", "complete": False},  # a create always tells the record whole
]
NOT_NAMED = [
    {"fields": {"Last_Name": "Lee"}, "complete": False},
    {"fields": {}, "complete": False},
    {"fields": None, "complete": False},  # ids only: the record is asked for
]
NAMES = [
    "null", "empty text", "blanks", "cleared_fields", "absent from a whole record", "absent from a create",
]  # fmt: skip


async def a_crm(*, update_empty_values: bool) -> Audience:
    """Ann lives in Ulm, in the CRM and here."""
    sync = a_sync(field_map={"City": "city"}, update_empty_values=update_empty_values)
    crm = Audience(syncs=MemorySyncs(sync))
    await crm.tell(an_update(fields={"Email": ANN, "City": "Ulm"}))
    return crm


def told(how: dict[str, Any], version: int = 2) -> Any:
    event = an_update(version=version)
    return event.model_validate({**event.model_dump(), "operation": "update", **how})


@pytest.mark.parametrize("how", ERASED, ids=NAMES)
async def test_a_value_erased_in_the_crm_is_erased_here_where_the_sync_says_so(how: dict[str, Any]) -> None:
    """R15, on."""
    crm = await a_crm(update_empty_values=True)
    await crm.tell(told(how))
    assert is_empty(crm.of().values()["city"])


@pytest.mark.parametrize("how", ERASED, ids=NAMES)
async def test_a_value_erased_in_the_crm_is_kept_here_otherwise(how: dict[str, Any]) -> None:
    """R15, off."""
    crm = await a_crm(update_empty_values=False)
    await crm.tell(told(how))
    assert crm.of().values() == {"city": "Ulm"}


@pytest.mark.parametrize("update_empty_values", [True, False])
@pytest.mark.parametrize("how", NOT_NAMED, ids=["another field", "nothing", "ids only"])
async def test_a_value_that_is_not_named_is_kept_either_way(how: dict[str, Any], update_empty_values: bool) -> None:
    """R15: absent from a part is not erased."""
    crm = await a_crm(update_empty_values=update_empty_values)
    await crm.tell(told(how))
    assert crm.of().values() == {"city": "Ulm"}


async def test_a_value_of_another_record_is_not_erased_by_an_empty_one() -> None:
    """D2: whose field is empty has no say in what another one filled."""
    crm = await a_crm(update_empty_values=True)
    await crm.tell(an_update("2", {"Email": ANN, "City": ""}, version=5))
    assert crm.of().values() == {"city": "Ulm"}


async def test_switched_on_later_it_takes_the_next_run_to_erase_what_was_erased_before() -> None:
    """R15, R31."""
    crm = await a_crm(update_empty_values=False)
    await crm.tell(told(ERASED[0]))
    await crm.syncs.save(a_sync(field_map={"City": "city"}, update_empty_values=True, revision=1))
    await crm.run(SyncRequested(sync_id="leads", mode="reinitiate"))
    assert is_empty(crm.of().values()["city"])


@pytest.mark.parametrize("value", [0, False, [], {}])
async def test_nought_and_no_are_values(value: Any) -> None:
    crm = await a_crm(update_empty_values=False)
    await crm.tell(told({"fields": {"City": value}, "complete": False}))
    assert crm.of().values() == {"city": value}
