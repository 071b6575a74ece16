"""The contract with other systems: every type has an example that parses and a schema that is up to date."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from domain.campaign import Selection
from domain.record import Operation
from messages.base import IN, FeedMessage, Message
from messages.campaign_saved import CampaignSaved
from messages.catalog import INCOMING, OUTGOING
from messages.envelope import in_words, pack, unpack
from messages.record_changed import RecordChanged
from messages.schemas import schemas
from messages.send_batch import URGENT, SendBatch
from messages.sync_requested import SyncDefinition
from tests.builders import NOW

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples/events").glob("*.json"))
MODELS = {**INCOMING, **OUTGOING}


def model_of(example: Path) -> type[Message]:
    return MODELS[example.name.split(".")[0]]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_parses_and_names_nothing_unknown(example: Path) -> None:
    model = model_of(example)
    event, message = unpack(example.read_bytes(), model)
    assert event.data.keys() <= model.model_fields.keys()
    assert unpack(pack(event), model) == (event, message)


def test_example_ids_differ() -> None:
    """Identity is (source, id)."""
    ids = [json.loads(example.read_text())["id"] for example in EXAMPLES]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("queue", MODELS)
def test_every_message_type_has_an_example(queue: str) -> None:
    assert ROOT / f"examples/events/{queue}.json" in EXAMPLES


def test_every_model_is_in_the_catalogue() -> None:
    for path in (ROOT / "messages").glob("*.py"):
        if "queue: ClassVar[str] =" in path.read_text():
            assert path.stem.replace("_", "-") in MODELS
    assert all(model.exchange == IN for model in INCOMING.values())
    assert all(issubclass(model, FeedMessage) for model in OUTGOING.values())


def test_the_schemas_in_docs_are_up_to_date() -> None:
    """If not: `python -m messages.schemas docs/schemas`."""
    found = {path.name: path.read_text() for path in (ROOT / "docs/schemas").glob("*.json")}
    assert found == schemas()


@pytest.mark.parametrize("queue", MODELS)
def test_unknown_fields_are_ignored(queue: str) -> None:
    """A publisher may add some before we know them."""
    example = json.loads((ROOT / f"examples/events/{queue}.json").read_text())
    model = MODELS[queue]
    known = model.model_validate(example["data"])
    assert model.model_validate({**example["data"], "of_next_year": {"a": 1}}) == known


def a_lead(**overrides: Any) -> dict[str, Any]:
    return {
        "module": "Leads",
        "record_id": "1",
        "operation": "update",
        "fields": {"City": "Ulm"},
        "changed_at": NOW,
        **overrides,
    }


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"record_id": 4876876000000333001}, "record_id: Input should be a valid string"),
        ({"module": "Le:ads"}, "module: String should match pattern"),
        ({"operation": "merge"}, "operation: Input should be 'create', 'update', 'delete' or 'undelete'"),
        ({"changed_at": "2026-03-02T09:00:00"}, "changed_at: Input should have timezone info"),
        ({"source_version": -1}, "source_version: Input should be greater than or equal to 0"),
        ({"fields": ["City"]}, "fields: Input should be a valid dictionary"),
        ({"fields": {"Score": float("nan")}}, "fields.Score: Value error, NaN and infinity are not numbers"),
        ({"fields": {"Ids": [10**30]}}, "fields.Ids: Value error, a whole number of more than 64 bits"),
        ({"cleared_fields": [""]}, "cleared_fields.0: String should have at least 1 character"),
    ],
)
def test_what_is_wrong_is_named_by_field(overrides: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        RecordChanged.model_validate(a_lead(**overrides))
    assert words in in_words(caught.value)


def test_a_value_nested_without_end_is_refused() -> None:
    deep: Any = 1
    for _ in range(30):
        deep = [deep]
    with pytest.raises(ValidationError, match="nested deeper than 20 levels"):
        RecordChanged.model_validate(a_lead(fields={"Deep": deep}))


@pytest.mark.parametrize(
    ("overrides", "ids_only", "tells", "complete"),
    [
        ({"fields": None}, True, False, False),
        ({"fields": {}}, False, True, False),
        ({"fields": None, "cleared_fields": ["City"]}, False, True, False),
        ({"fields": None, "operation": "delete"}, False, True, False),
        ({"fields": None, "operation": "undelete"}, True, True, False),  # it is there again, and has to be asked for
        ({"operation": "create"}, False, True, True),  # a create names all that there is
        ({"complete": True}, False, True, True),
    ],
)
def test_what_an_event_says_of_the_fields_it_does_not_name(
    overrides: dict[str, Any], ids_only: bool, tells: bool, complete: bool
) -> None:
    event = RecordChanged.model_validate(a_lead(**overrides))
    assert (event.ids_only, event.tells, event.to_change().complete) == (ids_only, tells, complete)


def test_a_change_is_read_off_an_event() -> None:
    event = RecordChanged.model_validate(a_lead(cleared_fields=["Phone"], source_version=7))
    change = event.to_change()
    assert (change.ref, change.operation, change.version) == ("Leads:1", Operation.UPDATE, 7)
    assert change.fields == {"City": "Ulm"}
    assert change.cleared == {"Phone"}


@pytest.mark.parametrize(
    ("batch", "ok"),
    [
        ({"slice": 0}, True),
        ({"addresses": ["ann@example.com"]}, True),
        ({}, False),
        ({"slice": 0, "addresses": ["ann@example.com"]}, False),
        ({"addresses": ["ann@example.com"] * 501}, False),
        ({"slice": -1}, False),
    ],
)
def test_a_batch_names_its_emails_in_one_way(batch: dict[str, Any], ok: bool) -> None:
    """contracts.md: a slice, or at most 500 addresses."""
    if ok:
        assert SendBatch(campaign_id="spring", **batch)
        return
    with pytest.raises(ValidationError):
        SendBatch(campaign_id="spring", **batch)


def test_urgent_batches_have_a_lane_of_their_own() -> None:
    assert SendBatch(campaign_id="spring", slice=0, urgent=True).lane == URGENT
    assert SendBatch(campaign_id="spring", slice=0).lane == "send-batch"


@pytest.mark.parametrize(
    ("queue", "data", "words"),
    [
        ("test-requested", {"campaign_id": "spring", "addresses": []}, "addresses: List should have at least 1 item"),
        # R68: at most five
        ("test-requested", {"campaign_id": "spring", "addresses": ["a@b.example"] * 6}, "at most 5 items"),
        ("sync-requested", {"sync_id": "a b"}, "sync_id: String should match pattern"),
        ("delivery-event", {"event_id": "1", "event": "opened", "occurred_at": NOW}, "says which email is meant"),
        ("delivery-event", {"event": "eaten"}, "event_id: Field required"),
        ("snapshot-finished", {"module": "Leads", "count": -1, "taken_at": NOW}, "count: Input should be greater"),
        ("send-requested", {"campaign_id": "spring", "at": "tomorrow"}, "at: Input should be a valid datetime"),
        ("campaign-saved", {"campaign_id": "spring"}, "name: Field required"),
    ],
)
def test_bad_data_are_refused_in_words(queue: str, data: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        INCOMING[queue].model_validate(data)
    assert words in in_words(caught.value)


def test_a_header_cannot_be_smuggled_into_a_campaign() -> None:
    """RFC 5322 2.2: a header ends with CRLF."""
    saved = json.loads((ROOT / "examples/events/campaign-saved.json").read_text())["data"]
    saved["content"]["subject"] = "Hello\r\nBcc: ann@example.com"
    with pytest.raises(ValidationError) as caught:
        CampaignSaved.model_validate(saved)
    assert in_words(caught.value).startswith("content.subject: String should match pattern")


def test_a_campaign_is_read_off_its_document() -> None:
    saved, _ = _example(CampaignSaved, "campaign-saved")
    campaign = saved.to_campaign()
    assert campaign.recipients == Selection(("Leads",), ("Contacts:4876876000000444001",))
    assert (campaign.id, campaign.list_id, campaign.sender.domain) == ("spring", "news", "mail.green.example")


def test_a_sync_is_read_off_its_definition() -> None:
    definition = SyncDefinition(module="Leads", subscription_type="marketing", map={"City": "city"})
    sync = definition.to_sync("leads")
    assert (sync.name, sync.module, sync.field_map, sync.lists) == ("leads", "Leads", {"City": "city"}, ())


def _example(model: type[CampaignSaved], name: str) -> tuple[CampaignSaved, Any]:
    event, message = unpack((ROOT / f"examples/events/{name}.json").read_bytes(), model)
    return message, event
