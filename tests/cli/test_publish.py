"""`campaigns publish`: what is taken for a message."""

import json
from pathlib import Path

import pytest
import typer

from cli.publish import known_type, parsed, translated
from domain.errors import InvalidMessage
from messages.record_changed import RecordChanged

EXAMPLES = Path(__file__).parents[2] / "examples" / "events"
DATA = {"module": "Leads", "record_id": "7", "operation": "update", "changed_at": "2026-11-23T09:00:00Z"}
DATA |= {"fields": {"Email": "a@b.example"}}  # type: ignore[dict-item]


def test_the_data_alone_or_a_whole_event_is_taken() -> None:
    example = (EXAMPLES / "record-changed.json").read_text()
    [whole] = parsed("record-changed", example)
    [data] = parsed("record-changed", json.dumps(json.loads(example)["data"]))
    assert isinstance(whole, RecordChanged)
    assert whole == data


def test_lines_are_messages_each() -> None:
    lines = "\n".join(json.dumps(DATA | {"record_id": str(number)}) for number in range(3))
    assert [message.record_id for message in parsed("record-changed", f"{lines}\n\n")] == ["0", "1", "2"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no message: give one JSON object"),
        ("{", "not JSON: "),
        ("[" * 100_000, "not JSON: "),
        ("[]", "message 1: a JSON object is needed, this is list"),
        (json.dumps(DATA) + "\n{", "line 2 is not JSON: "),
        ('{"module": "Leads", "module": "Contacts"}', "module: is there twice"),
        (json.dumps(DATA) + '\n{"module": "Leads", "module": "Contacts"}', "line 2: module: is there twice"),
        ('{"count": NaN}', "body: NaN is no number in JSON"),
        (json.dumps(DATA) + "\n{}", "message 2: module: Field required; record_id: Field required"),
        ('{"specversion": "1.0"}', "message 1: id: Field required; source: Field required"),
    ],
)
def test_what_is_no_message_is_refused_by_place_and_reason(text: str, said: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        parsed("record-changed", text)
    assert str(caught.value).startswith(said)


def test_an_event_of_another_type_is_refused() -> None:
    with pytest.raises(InvalidMessage, match=r"message 1: type: 'campaigns.send-requested.v1'"):
        parsed("record-changed", (EXAMPLES / "send-requested.json").read_text())


def test_a_type_that_nobody_consumes_is_wrong_usage() -> None:
    with pytest.raises(typer.BadParameter, match="'painted' is none of record-changed"):
        known_type("painted")


def test_what_zoho_posts_becomes_an_event_per_record_with_ids_that_repeat() -> None:
    text = (EXAMPLES.parent / "zoho" / "update.json").read_text()
    events = translated(text)
    assert [event.id for event in translated(text)] == [event.id for event in events]
    assert {event.change.record_id[-3:] for event in events} == {"405", "411", "417"}


def test_notifications_may_stand_one_in_a_line() -> None:
    line = json.dumps(json.loads((EXAMPLES.parent / "zoho" / "delete.json").read_text()))
    assert len(translated(f"{line}\n{line}\n")) == 2


@pytest.mark.parametrize(("text", "said"), [("", "no notification"), ("[]", "notification 1: body: Input should be")])
def test_what_zoho_does_not_post_is_refused(text: str, said: str) -> None:
    with pytest.raises(InvalidMessage, match=said):
        translated(text)
