"""CloudEvents 1.0, structured JSON: ours and the one of the cloudevents package are the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from domain.errors import InvalidMessage
from messages.envelope import SOURCE, envelope, pack, type_of, unpack
from messages.record_changed import RecordChanged
from messages.record_wanted import RecordWanted
from tests.builders import NOW

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"  # W3C Trace Context 3.2.3
LEAD = RecordChanged(
    module="Leads",
    record_id="4876876000000333001",
    operation="update",
    fields={"First_Name": "Jörg", "City": None, "Tags": ["a", None]},
    changed_at=NOW,
)


def an_event(**overrides: Any) -> bytes:
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "/crm",
        "type": "campaigns.record-wanted.v1",
        "data": {"module": "Leads", "record_id": "1"},
    }
    return json.dumps({**event, **overrides}).encode()


def test_what_is_packed_is_unpacked() -> None:
    """A null in `fields` is an erased value: it survives."""
    event = envelope(LEAD, id="1", time=NOW, correlationid="c", causationid="d", traceparent=TRACE)
    assert unpack(pack(event), RecordChanged) == (event, LEAD)


def test_the_cloudevents_package_reads_what_we_pack() -> None:
    event = envelope(LEAD, id="1", time=NOW, correlationid="c", traceparent=TRACE)
    theirs = JSONFormat().read(CloudEvent, pack(event))
    assert (theirs.get_id(), theirs.get_source(), theirs.get_type()) == ("1", SOURCE, "campaigns.record-changed.v1")
    assert (theirs.get_time(), theirs.get_specversion(), theirs.get_datacontenttype()) == (
        NOW,
        "1.0",
        "application/json",
    )
    assert (theirs.get_extension("correlationid"), theirs.get_extension("traceparent")) == ("c", TRACE)
    assert RecordChanged.model_validate(theirs.get_data()) == LEAD


def test_we_unpack_what_the_cloudevents_package_writes() -> None:
    attributes = {
        "id": "1",
        "source": "/crm",
        "type": "campaigns.record-changed.v1",
        "specversion": "1.0",
        "time": NOW,
        "datacontenttype": "application/json",
        "correlationid": "c",
        "theirs": "an extension that we do not know",
    }
    body = JSONFormat().write(CloudEvent(attributes=attributes, data=LEAD.model_dump(mode="json")))
    event, message = unpack(body, RecordChanged)
    assert (event.id, event.source, event.time, event.correlationid) == ("1", "/crm", NOW, "c")
    assert message == LEAD


def test_unknown_attributes_are_ignored() -> None:
    assert unpack(an_event(sequence="7", datacontenttype="application/json"), RecordWanted)[0].id == "1"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "body: Invalid JSON"),
        (b"{", "body: Invalid JSON"),
        (b"\xff\xfe", "body: Invalid JSON"),
        (b"[]", "body: Input should be an object"),
        (b"{}", "specversion: Field required; id: Field required; source: Field required; type: Field required"),
        (an_event(specversion="0.3"), "specversion: String should match pattern"),
        (an_event(id=""), "id: String should have at least 1 character"),
        (an_event(time="yesterday"), "time: Input should be a valid datetime"),
        (an_event(time="2026-03-02T09:00:00"), "time: Input should have timezone info"),
        (an_event(data="text"), "data: Input should be an object"),
        (an_event(data={"module": "Leads"}), "record_id: Field required"),
        (
            an_event(type="campaigns.send-batch.v1"),
            "'campaigns.send-batch.v1' came to the queue of 'campaigns.record-w",
        ),
    ],
)
def test_a_bad_body_is_refused_in_words_that_name_each_field(body: bytes, words: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        unpack(body, RecordWanted)
    assert words in str(caught.value)


def test_a_refusal_never_shows_the_values() -> None:
    """They may be personal data."""
    data = {
        "module": "Leads",
        "record_id": {"Email": "ann@example.com"},
        "operation": "ann@example.com",
        "fields": "ann@example.com",
        "changed_at": "ann@example.com",
        "source_version": "ann@example.com",
    }
    with pytest.raises(InvalidMessage) as caught:
        unpack(an_event(type=type_of(RecordChanged), data=data), RecordChanged)
    assert "ann@example.com" not in str(caught.value)
    assert str(caught.value).count(";") == 4
