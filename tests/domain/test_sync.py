"""Syncs: set-up, map, and when they may begin (R8-R33)."""

from __future__ import annotations

from typing import Any

import pytest

from domain.contact import SubscriptionType
from domain.errors import IllegalTransition, InvalidDefinition
from domain.module import BUILT_IN, Module, ModuleField
from domain.sync import Sync, SyncStatus, check_mapped, fingerprint, new_fields, problems, redefined
from tests.builders import a_sync

LEADS = BUILT_IN["Leads"]
NOTES = Module("Notes", "Notes", (ModuleField("Subject", "Subject", "text"),), None, {})


@pytest.mark.parametrize(
    "overrides",
    [
        {},
        {"lists": ()},  # R11: target lists are optional
        {"lists": ("news", "other")},
        {"topics": ("offers", "events")},  # R13
        {"subscription": SubscriptionType.NON_MARKETING},  # R12
        {"module": "Contacts"},  # R10
        {"field_map": {}},
        {"field_map": {"First_Name": "last_name", "Last_Name": "first_name"}},  # no cycle: CRM fields are only read
    ],
)
def test_a_valid_sync_may_begin(overrides: dict[str, Any]) -> None:
    sync = a_sync(**overrides)
    assert problems(sync, BUILT_IN[sync.module]) == []


@pytest.mark.parametrize(
    ("overrides", "module", "found"),
    [
        ({"module": "Gone"}, None, "module: Gone is not known"),
        ({"module": "Notes"}, NOTES, "(R10)"),  # R10: one without an Email field is refused
        ({"topics": ("x",), "subscription": SubscriptionType.NON_MARKETING}, LEADS, "(R14)"),
        ({"field_map": {"Shoe_Size": "shoe"}}, LEADS, "map.Shoe_Size: Leads has no such field"),
        ({"field_map": {"Modified_By": "who"}}, LEADS, "map.Modified_By: Modified By is a system field"),  # R29
        ({"field_map": {"Record_Image": "face"}}, LEADS, "map.Record_Image: Record Image is of type profileimage"),
        ({"field_map": {"City": "My City"}}, LEADS, "map.City: 'My City' is not a contact field name"),
        ({"field_map": {"City": "unsubscribe_url"}}, LEADS, "map.City: unsubscribe_url is filled in by every mail"),
        ({"field_map": {"City": "c", "Company": "c"}}, LEADS, "contact field c is filled from more than one"),
    ],
)
def test_what_is_wrong_is_named_with_its_field(overrides: dict[str, Any], module: Module | None, found: str) -> None:
    """R8, R29."""
    assert any(found in problem for problem in problems(a_sync(**overrides), module))


def test_the_map_is_looked_at_when_the_set_up_is_valid() -> None:
    """R8: the second step only when the first is valid."""
    both = a_sync(topics=("x",), subscription=SubscriptionType.NON_MARKETING, field_map={"Shoe_Size": "shoe"})
    assert all(problem.startswith("topics:") for problem in problems(both, LEADS))


def test_every_problem_of_a_step_is_told_at_once() -> None:
    assert len(problems(a_sync(field_map={"A": "a", "Layout": "layout"}), LEADS)) == 2


@pytest.mark.parametrize(
    ("status", "target", "allowed"),
    [
        (SyncStatus.DRAFT, SyncStatus.ACTIVE, True),  # R16: Initiate
        (SyncStatus.ACTIVE, SyncStatus.ACTIVE, True),  # R31: re-initiate
        (SyncStatus.ACTIVE, SyncStatus.PAUSED, True),
        (SyncStatus.PAUSED, SyncStatus.ACTIVE, True),
        (SyncStatus.DRAFT, SyncStatus.PAUSED, False),
        (SyncStatus.ACTIVE, SyncStatus.DRAFT, False),
        (SyncStatus.PAUSED, SyncStatus.PAUSED, False),
        *((status, SyncStatus.DELETING, True) for status in SyncStatus),
        (SyncStatus.DELETING, SyncStatus.ACTIVE, False),
        (SyncStatus.DELETING, SyncStatus.PAUSED, False),
    ],
)
def test_a_sync_moves_by_the_table_only(status: SyncStatus, target: SyncStatus, allowed: bool) -> None:
    sync = a_sync(status=status)
    if allowed:
        assert sync.moved_to(target).status is target
        return
    with pytest.raises(IllegalTransition, match=f"sync leads is {status} and cannot become {target}"):
        sync.moved_to(target)


@pytest.mark.parametrize(
    ("wanted", "map_version"),
    [({"field_map": {"City": "city"}}, 3), ({"lists": ("other",)}, 2), ({}, 2)],
)
def test_the_map_may_change_at_any_time_and_has_a_version(wanted: dict[str, Any], map_version: int) -> None:
    """R17, R33."""
    known = a_sync(map_version=2)
    after = redefined(known, a_sync(status=SyncStatus.DRAFT, **wanted))
    assert (after.map_version, after.status) == (map_version, SyncStatus.ACTIVE)


def test_every_field_carries_the_map_version_it_came_with() -> None:
    """R33: one stays, one is mapped anew, one comes, one goes."""
    known = redefined(a_sync(), a_sync(field_map={"First_Name": "first_name", "City": "city", "Title": "title"}))
    after = redefined(known, a_sync(field_map={"First_Name": "first_name", "City": "town", "Company": "company"}))
    assert after.since == {"First_Name": 1, "City": 3, "Company": 3}
    assert new_fields(after) == ["City", "Company"]


def test_a_sync_of_an_earlier_version_knows_only_that_its_fields_came_with_the_newest_map() -> None:
    assert a_sync(map_version=4).since == {"First_Name": 4, "Last_Name": 4}


def test_a_sync_that_is_being_deleted_cannot_be_changed() -> None:
    with pytest.raises(IllegalTransition, match="sync leads is being deleted"):
        redefined(a_sync(status=SyncStatus.DELETING), a_sync())


@pytest.mark.parametrize(
    ("other", "together"),
    [
        (a_sync("b"), False),  # the same module into the same list
        (a_sync("b", lists=("other",)), True),
        (a_sync("b", module="Contacts"), True),
        (a_sync("b", lists=()), True),
        (a_sync("leads", lists=("other",)), False),  # the same sync
    ],
)
def test_one_run_at_a_time_of_a_sync_and_of_a_module_and_list(other: Sync, together: bool) -> None:
    assert a_sync().holds.isdisjoint(other.holds) is together


def test_a_field_that_is_not_on_the_map_is_named() -> None:
    """Else a slip in a command would do nothing and say nothing."""
    check_mapped(a_sync(), ["First_Name"])
    with pytest.raises(InvalidDefinition, match=r"fields: City, Town not on the map of sync leads"):
        check_mapped(a_sync(), ["City", "First_Name", "Town"])


def test_a_sync_stays_with_its_module() -> None:
    with pytest.raises(InvalidDefinition, match="sync leads carries Leads"):
        redefined(a_sync(), a_sync(module="Contacts"))


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        (a_sync(name="Another name", status=SyncStatus.PAUSED), True),
        (a_sync(field_map=dict(reversed(list(a_sync().field_map.items())))), True),
        (a_sync(lists=()), False),
        (a_sync(update_empty_values=True), False),
        (a_sync(map_version=2), False),
    ],
)
def test_syncs_that_carry_over_alike_are_recognised(other: Sync, alike: bool) -> None:
    assert (fingerprint(other) == fingerprint(a_sync())) is alike
