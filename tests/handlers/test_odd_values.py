"""Values that nobody would type: each is stored, cut with a mark, or refused with the name of its field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from domain.errors import InvalidMessage
from domain.template import TemplateSource, compiled
from domain.values import CUT, MOST_CARRIED, shortened
from messages.envelope import MAX_BODY_BYTES, check_wrapping, envelope, pack, unpack
from messages.record_changed import RecordChanged
from tests.builders import NOW, a_sync
from tests.handlers.audience import ANN, Audience, an_update

ODD = {
    "html": "<img src=x onerror=alert(1)>",
    "emoji": "👩‍🚀 Ann 🎉",
    "right to left": "نسرين \u202eabc\u202c",
    "NUL and control characters": "A\x00n\x07n\x1b[31m",
    "line ends": "Ann\r\nBcc: eve@example.com",
    "template tags": "{{ 7 * 7 }}{% for x in y %}",
    "a surrogate pair as two escapes": json.loads('"\\ud83d\\ude00"'),
    "combining characters": "Z̷̢̛a̸l̵g̶o̴" * 20,
}


async def synced(crm: Audience) -> Audience:
    await crm.syncs.save(a_sync())
    return crm


def through_the_queue(event: RecordChanged) -> RecordChanged:
    return unpack(pack(envelope(event, id="x", time=NOW)), RecordChanged)[1]


@pytest.mark.parametrize("name", ODD.values(), ids=ODD)
async def test_a_name_of_any_kind_is_stored_as_it_is(name: str) -> None:
    crm = await synced(Audience())
    event = through_the_queue(an_update(fields={"Email": ANN, "First_Name": name}))
    await crm.tell(event)
    before = crm.state()
    await crm.tell(event)
    assert crm.of().values()["first_name"] == name
    assert crm.records.stored["Leads:1"].values()["First_Name"] == name
    assert crm.state() == before, "repeated, it changes nothing"


@pytest.mark.parametrize("name", [ODD["html"], ODD["template tags"]])
def test_in_a_page_it_is_text_and_nothing_else(name: str) -> None:
    source = TemplateSource("Hello", "", "<p>{{ first_name }}</p>", None)
    page = compiled(source).render({"first_name": name}).html or ""
    assert "<img" not in page
    assert "49" not in page


async def test_a_value_of_a_megabyte_is_kept_with_the_record_and_cut_for_the_contact() -> None:
    crm, text = await synced(Audience()), "x" * 1_000_000
    event = an_update(fields={"Email": ANN, "First_Name": text})
    body = pack(envelope(event, id="x", time=NOW))
    check_wrapping("application/json", "", len(body))
    await crm.tell(event)
    assert crm.records.stored["Leads:1"].values()["First_Name"] == text
    cut = crm.of().values()["first_name"]
    assert isinstance(cut, str)
    assert (len(cut), cut[-1]) == (MOST_CARRIED, CUT)


def test_a_body_of_more_than_a_megabyte_is_refused_before_it_is_read() -> None:
    event = an_update(fields={"Email": ANN, "Description": "x" * 1_100_000})
    with pytest.raises(InvalidMessage, match=rf"body: \d+ bytes, at most {MAX_BODY_BYTES} are read"):
        check_wrapping("application/json", "", len(pack(envelope(event, id="x", time=NOW))))


async def test_a_record_of_ten_thousand_fields_is_stored_whole() -> None:
    crm = await synced(Audience())
    fields = {"Email": ANN, "First_Name": "Ann"} | {f"Custom_{number}": number for number in range(10_000)}
    event = through_the_queue(an_update(fields=fields))
    await crm.tell(event)
    before = crm.state()
    await crm.tell(event)
    assert len(crm.records.stored["Leads:1"].fields) == 10_002
    assert crm.of().values() == {"first_name": "Ann"}, "only what is mapped goes with the contact"
    assert crm.state() == before


async def test_a_record_without_an_address_is_stored_and_nobody_is_behind_it() -> None:
    crm = await synced(Audience())
    await crm.tell(an_update(fields={"First_Name": "Ann"}))
    assert "Leads:1" in crm.records.stored
    assert crm.contacts.stored == {}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"changed_at": "31/12/2025"}, "changed_at"),
        ({"changed_at": "2025-12-31T10:00:00"}, "changed_at"),
        ({"changed_at": "yesterday"}, "changed_at"),
        ({"fields": {"A\x00B": 1}}, "fields.A\x00B"),
        ({"fields": {"x" * 101: 1}}, "fields."),
        ({"fields": {"Score": 2**70}}, "fields.Score"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_the_name_of_the_field(wrong: dict[str, Any], field: str) -> None:
    data = {"module": "Leads", "record_id": "1", "operation": "update", "changed_at": NOW.isoformat(), **wrong}
    body = json.dumps(
        {"specversion": "1.0", "id": "x", "source": "/crm", "type": "campaigns.record-changed.v1", "data": data}
    )
    with pytest.raises(InvalidMessage) as caught:
        unpack(body.encode(), RecordChanged)
    assert str(caught.value).startswith(field)


def test_a_date_within_a_record_stays_as_the_crm_wrote_it() -> None:
    event = through_the_queue(an_update(fields={"Email": ANN, "Date_of_Birth": "31.02.1999"}))
    assert event.to_change().fields["Date_of_Birth"] == "31.02.1999"


def test_what_is_no_text_is_cut_as_json() -> None:
    long = shortened([{"name": "x" * MOST_CARRIED}])
    assert isinstance(long, str)
    assert long.startswith('[{"name": "xxx')
    assert long.endswith(CUT)
    assert shortened(["a", {"b": 1}]) == ["a", {"b": 1}]
    assert [shortened(value) for value in (None, 7, 1.5, True, "Ann")] == [None, 7, 1.5, True, "Ann"]
