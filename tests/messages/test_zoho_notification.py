"""Notifications as Zoho CRM posts them: the samples in examples/zoho have the shape of its Notification API."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from domain.errors import InvalidMessage
from domain.record import Operation
from messages.record_changed import RecordChanged
from messages.zoho_notification import ZohoEvent, parse_zoho, zoho_events
from tests.builders import NOW

SAMPLES = Path(__file__).parents[2] / "examples/zoho"
FIRST, SECOND, THIRD = "6756839000000575405", "6756839000000575411", "6756839000000575417"


def sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return found


def events(payload: Any) -> Sequence[ZohoEvent]:
    return zoho_events(parse_zoho(payload), NOW)


def changes(payload: Any) -> list[RecordChanged]:
    return [event.change for event in events(payload)]


def a_notification(**overrides: Any) -> dict[str, Any]:
    return {"module": "Leads", "operation": "update", "ids": [FIRST], "server_time": 1750102639787, **overrides}


def test_each_record_of_a_notification_is_an_event_of_its_own() -> None:
    assert {change.record_id for change in changes(sample("update"))} == {FIRST, SECOND, THIRD}


def test_values_are_a_delta_at_the_time_of_the_server() -> None:
    first = changes(sample("update"))[0]
    assert (first.module, first.operation, first.complete) == ("Leads", Operation.UPDATE, False)
    assert first.fields == {"Company": "Rangoni Of Florence", "Phone": "555-555-1111"}
    assert first.changed_at == datetime(2025, 6, 16, 19, 37, 19, 787_000, tzinfo=UTC)


def test_a_field_without_a_value_was_cleared() -> None:
    assert changes(sample("update"))[0].cleared_fields == ["City"]


def test_a_record_without_values_is_asked_for() -> None:
    [third] = [change for change in changes(sample("update")) if change.record_id == THIRD]
    assert third.ids_only


def test_a_field_that_is_named_without_its_value_asks_for_the_record_besides() -> None:
    """Not that it was cleared: nothing tells what it holds now."""
    delta, wanted = [change for change in changes(sample("update")) if change.record_id == SECOND]
    assert (delta.fields, delta.cleared_fields) == ({"Email": "krista@noisemaker.example"}, [])
    assert wanted.ids_only


def test_an_old_notification_has_ids_only_and_no_time() -> None:
    [change] = changes(sample("ids-only"))
    assert (change.module, change.record_id, change.ids_only) == ("Contacts", "3652397000000649013", True)
    assert (change.operation, change.changed_at) == (Operation.CREATE, NOW)


def test_a_delete_deletes_whatever_else_it_names() -> None:
    [change] = changes(sample("delete"))
    assert (change.operation, change.fields, change.ids_only) == (Operation.DELETE, None, False)


def test_the_values_of_a_new_record_do_not_claim_to_be_all() -> None:
    """A channel may watch a few fields; `create` would say that all others are empty."""
    values = [{"record_id": FIRST, "values": {"Email": "ann@crm.example"}}]
    [change] = changes(a_notification(operation="insert", affected_values=values))
    assert (change.operation, change.to_change().complete) == (Operation.UPDATE, False)


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("insert", Operation.CREATE), ("create", Operation.CREATE), ("update", Operation.UPDATE),
        ("edit", Operation.UPDATE), ("DELETE", Operation.DELETE), ("Leads.edit", Operation.UPDATE),
        ("restore", Operation.UNDELETE),
    ],
)  # fmt: skip
def test_every_name_of_an_operation_is_known(name: str, operation: Operation) -> None:
    assert [change.operation for change in changes(a_notification(operation=name))] == [operation]


def test_a_repeated_notification_has_the_same_ids_and_other_news_have_others() -> None:
    first = [event.id for event in events(sample("update"))]
    assert [event.id for event in events(sample("update"))] == first
    assert len(set(first)) == len(first)
    later = {**sample("update"), "server_time": 1750102639788}
    assert set(first).isdisjoint(event.id for event in events(later))


def test_the_same_id_twice_is_one_event() -> None:
    assert len(events(a_notification(ids=[FIRST, FIRST]))) == 1


def test_ids_of_19_digits_stay_what_they_are() -> None:
    """As text, and as a whole number in the body: JSON sets no limit to it."""
    body = '{"module": "Leads", "operation": "update", "ids": [6756839000000575405]}'
    assert [change.record_id for change in changes(json.loads(body))] == [FIRST]


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (a_notification(ids=[6.756839000000575e18]), "ids.0: Value error, an id that was read as a floating-point"),
        (a_notification(ids=[]), "ids: List should have at least 1 item"),
        (a_notification(operation="paint"), "operation: 'paint' is not known; known are insert"),
        (a_notification(module=""), "module: String should have at least 1 character"),
        (a_notification(affected_values=[{"values": {}}]), "affected_values.0.record_id: Field required"),
        (
            a_notification(affected_values=[{"record_id": FIRST, "values": {"x" * 200: 1}}]),
            "String should have at most 100 characters",
        ),
        ([], "body: Input should be a valid dictionary"),
    ],
)
def test_what_is_no_notification_is_refused_with_the_field(payload: Any, said: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        events(payload)
    assert said in str(caught.value)
