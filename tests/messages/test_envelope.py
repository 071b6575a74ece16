"""CloudEvents 1.0, structured JSON: ours and the one of the cloudevents package are the same."""

from __future__ import annotations

import json
from contextlib import nullcontext, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InvalidMessage
from messages.base import Message
from messages.campaign_saved import CampaignSaved
from messages.catalog import INCOMING
from messages.envelope import SOURCE, check_clock, check_wrapping, envelope, pack, packed, type_of, unpack
from messages.record_changed import RecordChanged
from messages.record_wanted import RecordWanted
from messages.send_requested import SendRequested
from messages.sync_requested import SyncRequested
from tests.builders import NOW

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"  # W3C Trace Context 3.2.3
LEAD = RecordChanged(
    module="Leads",
    record_id="4876876000000333001",
    operation="update",
    fields={"First_Name": "Jörg", "City": None, "Tags": ["a", None]},
    changed_at=NOW,
)

DOCUMENT = {
    "campaign_id": "spring",
    "name": "Spring",
    "sender": {"name": "Green Ltd", "address": "news@green.example"},
    "content": {"subject": "Hello"},
}

EXAMPLES = [path.read_bytes() for path in sorted((Path(__file__).parents[2] / "examples/events").glob("*.json"))]


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


def _said_in(body: bytes) -> Message:
    model = next(each for each in INCOMING.values() if type_of(each) == json.loads(body)["type"])
    return unpack(body, model)[1]


@pytest.mark.parametrize("message", [LEAD, *map(_said_in, EXAMPLES)], ids=lambda message: message.queue)
@pytest.mark.parametrize("known", [{}, {"correlationid": "c", "causationid": "ü\n"}, {"traceparent": TRACE}], ids=len)
def test_what_goes_out_in_one_step_is_what_the_envelope_says(message: Message, known: dict[str, str]) -> None:
    assert packed(message, id="é 1", time=NOW, **known) == pack(envelope(message, id="é 1", time=NOW, **known))


@pytest.mark.parametrize(("id_", "source"), [("", "/crm"), ("1" * 201, "/crm"), ("1", ""), ("1", "/" * 501)])
def test_an_identity_that_no_reader_takes_is_not_sent(id_: str, source: str) -> None:
    with pytest.raises(InvalidMessage, match="id and source"):
        packed(LEAD, id=id_, time=NOW, source=source)


@pytest.mark.parametrize(
    ("data", "known_as"),
    [({}, "/crm 1"), ({"request_id": None}, "/crm 1"), ({"request_id": "order 7"}, "order 7")],
)
def test_a_request_is_known_by_its_event_unless_it_says_otherwise(data: dict[str, Any], known_as: str) -> None:
    body = an_event(type="campaigns.sync-requested.v1", data={"sync_id": "leads", **data})
    event, message = unpack(body, SyncRequested)
    assert message.request_id == known_as
    assert event.data == {"sync_id": "leads", **data}


def test_a_request_to_send_was_asked_for_at_the_time_of_its_event_unless_it_says_otherwise() -> None:
    body = an_event(type="campaigns.send-requested.v1", time=NOW.isoformat(), data={"campaign_id": "spring"})
    _, message = unpack(body, SendRequested)
    assert (message.request_id, message.asked_at) == ("/crm 1", NOW)


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
        # RFC 8259, 4: which of two equal names counts is anybody's guess.
        (b'{"id": "2",' + an_event()[1:], "id: is there twice"),
        (an_event().replace(b'"module"', b'"module": "Deals", "module"'), "module: is there twice"),
        (an_event(data={"module": "Leads", "record_id": "1", "x": float("nan")}), "NaN is no number in JSON"),
        # Deeper than any reader of ours calls itself.
        (an_event(data={"module": "Leads"}).replace(b'"Leads"', b"[" * 100_000), "Invalid JSON: recursion limit"),
        (an_event(data={"module": "Leads"}).replace(b'"Leads"', b"9" * 100_000), "Invalid JSON: number out of range"),
        (an_event().decode().encode("utf-16"), "body: Invalid JSON"),
        (b"\xef\xbb\xbf" + an_event(), "body: Invalid JSON"),
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


#: Anything that JSON can say, the names of an event's own attributes among its names.
NAMES = st.sampled_from(["specversion", "id", "source", "type", "time", "data", "module", "record_id"]) | st.text()
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


BLANKS = st.sampled_from(["", " ", "\n", "\t ", "\r\n"])
#: Texts that look like names, and some that are.
TRAPS = st.sampled_from(["a", "b", '"', ":", '":', " :", '\\":', "a b", "\u00e9"])


@st.composite
def written_object(draw: st.DrawFn, depth: int = 0) -> tuple[str, bool]:
    """An object of JSON as somebody may write it, and whether it or one within it has a name twice."""
    names = draw(st.lists(TRAPS, max_size=4))
    twice = len(set(names)) < len(names)
    members = []
    for name in names:
        value = json.dumps(draw(TRAPS))
        if depth < 2 and draw(st.booleans()):
            value, inner = draw(written_object(depth=depth + 1))
            value, twice = (f"[{value}]" if draw(st.booleans()) else value), twice or inner
        escaped = json.dumps(name, ensure_ascii=draw(st.booleans()))
        members.append(f"{draw(BLANKS)}{escaped}{draw(BLANKS)}:{draw(BLANKS)}{value}{draw(BLANKS)}")
    return "{" + ",".join(members) + "}", twice


@settings(max_examples=100, deadline=None)
@given(written_object())
def test_a_name_that_is_there_twice_is_refused_however_it_is_written(written: tuple[str, bool]) -> None:
    data, twice = written
    body = an_event(data={"module": "Leads", "record_id": "1", "more": 0}).replace(
        b'"more": 0', b'"more": ' + data.encode()
    )
    with pytest.raises(InvalidMessage, match="is there twice") if twice else nullcontext():
        unpack(body, RecordWanted)
    compact = json.dumps(json.loads(an_event()), separators=(",", ":")).encode()
    with pytest.raises(InvalidMessage, match="is there twice") if twice else nullcontext():
        unpack(compact.replace(b'"data":{', b'"data":{"more":' + data.encode() + b","), RecordWanted)


def read_or_refused(body: bytes) -> None:
    """Nothing else may come of a body, whoever sent it: it would be taken for a bug of ours, and repeated."""
    for model in INCOMING.values():
        with suppress(InvalidMessage):
            unpack(body, model)


@given(st.binary(max_size=300))
def test_random_bytes_are_refused_and_nothing_else_happens(body: bytes) -> None:
    for model in INCOMING.values():
        with pytest.raises(InvalidMessage):
            unpack(body, model)


@given(ANYTHING)
def test_any_json_is_read_or_refused(value: object) -> None:
    read_or_refused(json.dumps(value).encode())


#: Few at a time: what is drawn and thrown away for being too large took most of the time.
MEMBERS = st.dictionaries(NAMES, ANYTHING, max_size=4)


@given(st.sampled_from(sorted(INCOMING)), MEMBERS, MEMBERS)
def test_any_data_in_a_right_envelope_are_read_or_refused(queue: str, changes: object, data: object) -> None:
    event = json.loads(an_event(type=f"campaigns.{queue}.v1", data=data))
    read_or_refused(json.dumps(event | changes).encode())  # type: ignore[operator]


@given(st.sampled_from(EXAMPLES), st.integers(min_value=0), st.binary(min_size=1, max_size=3))
def test_a_damaged_example_is_read_or_refused(example: bytes, at: int, damage: bytes) -> None:
    place = at % len(example)
    read_or_refused(example[:place] + damage + example[place + len(damage) :])


@given(st.text(), st.text(), st.integers(min_value=0))
def test_what_a_body_says_of_itself_is_accepted_or_refused(content_type: str, encoding: str, size: int) -> None:
    with suppress(InvalidMessage):
        check_wrapping(content_type, encoding, size)


@given(st.datetimes(timezones=st.timezones()))
def test_any_clock_is_right_or_refused(at: datetime) -> None:
    event = envelope(LEAD, id="1", time=NOW)
    message = LEAD.model_copy(update={"changed_at": at})
    with nullcontext() if at - NOW <= timedelta(days=1) else pytest.raises(InvalidMessage, match="changed_at: lies"):
        check_clock(event, message, NOW)


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


@pytest.mark.parametrize(
    ("said", "dated"),
    [({}, "2026-03-02T08:00:00Z"), ({"saved_at": "2026-03-02T07:00:00Z"}, "2026-03-02T07:00:00Z")],
)
def test_a_document_that_does_not_say_when_it_was_saved_is_as_old_as_its_event(said: Any, dated: str) -> None:
    body = an_event(type="campaigns.campaign-saved.v1", time="2026-03-02T08:00:00Z", data={**DOCUMENT, **said})
    assert unpack(body, CampaignSaved)[1].saved_at == datetime.fromisoformat(dated)


def test_a_document_whose_event_has_no_time_has_none_either() -> None:
    assert unpack(an_event(type="campaigns.campaign-saved.v1", data=DOCUMENT), CampaignSaved)[1].order is None
