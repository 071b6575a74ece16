"""Stand-ins of records, whoever is named in texts, and what is kept of them."""

from __future__ import annotations

import json
import re

import pytest

from domain.contact import contact_id
from domain.erasure import (
    ABOUT_MANY,
    GONE,
    NOBODY,
    Person,
    erased_ref,
    event_key,
    impersonal,
    key_of,
    named_in,
    record_key,
    redacted_body,
    spellings,
)
from messages.catalog import INCOMING
from tests.builders import ADDRESS_KEY, an_id

ANN = "ann@x.example"
PERSON = Person.of(an_id(ANN), ANN, ["Leads:7"], ADDRESS_KEY)


def test_a_stand_in_keeps_the_module_and_stands_for_itself() -> None:
    stand_in = erased_ref("Leads:7", ADDRESS_KEY)
    assert re.fullmatch(r"Leads:~[0-9a-f]{32}", stand_in)
    assert record_key("Leads:7", ADDRESS_KEY) == record_key(stand_in, ADDRESS_KEY) == key_of(stand_in)
    assert erased_ref(stand_in, ADDRESS_KEY) == stand_in
    assert record_key("Leads:7", ADDRESS_KEY) == contact_id("record:Leads:7", ADDRESS_KEY)


@pytest.mark.parametrize(
    ("text", "mentioned"),
    [
        ("To: <Ann@X.example>", True),
        ("ann@x.example.", True),
        ("joann@x.example", False),
        ("ann@x.example-corp", False),
        ("Leads:7", True),
        ("Leads:77", False),
        ("MyLeads:7", False),
        ('"record_id": "7"', True),
        ('"record_id":7}', True),
        ('"record_id": "71"', False),
    ],
)
def test_who_is_mentioned_and_who_only_looks_like_it(text: str, mentioned: bool) -> None:
    mentions = PERSON.mentions
    assert mentions is not None
    assert bool(mentions.search(text)) is mentioned


@pytest.mark.parametrize(
    "written", ["ann@bücher.example", "ann@xn--bcher-kva.example", json.dumps("ann@bücher.example")]
)
def test_an_address_is_found_however_its_domain_is_written(written: str) -> None:
    assert any(re.search(each, written) for each in spellings("ann@xn--bcher-kva.example"))


def test_of_somebody_of_whom_only_keys_are_known_no_text_is_searched() -> None:
    assert Person(keys=frozenset({"k"})).mentions is None
    assert Person(keys=frozenset({"k"})).redacted("any text") == "any text"


def test_a_redacted_text_names_a_nobody_and_the_stand_in() -> None:
    assert PERSON.redacted(f"{ANN.upper()} of Leads:7, not Leads:71") == (
        f"{NOBODY} of {erased_ref('Leads:7', ADDRESS_KEY)}, not Leads:71"
    )


def test_a_body_about_many_loses_one_and_any_other_is_dropped() -> None:
    body = json.dumps({"data": {"addresses": [ANN, "bob@x.example"]}}).encode()
    kept = redacted_body(body, "send-batch", PERSON)
    assert kept is not None
    assert json.loads(kept) == {"data": {"addresses": [NOBODY, "bob@x.example"]}}
    assert redacted_body(body, "record-changed", PERSON) is None
    assert redacted_body(body, "", PERSON) is None
    assert redacted_body(b"{" + body, "send-batch", PERSON) is None
    assert redacted_body(b'{"data": {"record_id": "7"}}', "send-batch", PERSON) is None


@pytest.mark.parametrize(
    ("data", "mentioned"),
    [
        ({"module": "Leads", "record_id": "7"}, True),
        ({"record_id": 7, "module": "Leads"}, True),
        ({"module": "Contacts", "record_id": "7"}, False),
        ({"module": "Contacts", "record_id": "7", "of": [{"module": "Leads", "record_id": "7"}]}, True),
        ({"module": "Contacts", "record_id": "7", "owner": ANN}, True),
        ({"record_id": "7"}, True),
    ],
)
def test_in_json_a_record_is_its_module_and_its_id(data: dict[str, object], mentioned: bool) -> None:
    assert PERSON.mentioned_in(json.dumps({"data": data})) is mentioned


def test_of_a_body_of_many_mib_no_more_is_read_than_what_is_beside_an_at() -> None:
    body = b"x" * 3_000_000 + b" <ann@x.example> " + b"@" * 1000 + b"y" * 3_000_000
    assert an_id(ANN) in named_in(body, ADDRESS_KEY)


def test_every_incoming_message_is_about_one_person_or_about_many() -> None:
    """Say of a new one which it is: of those about one nothing is kept when the person is erased."""
    about_one = {"record-changed", "delivery-event", "erasure-requested", "test-requested", "feed-replay-requested"}
    assert set(INCOMING) <= about_one | ABOUT_MANY


def test_everybody_whom_a_body_names_is_found() -> None:
    body = {"data": {"module": "Leads", "record_id": 9, "to": f"Ann <{ANN.upper()}>, mailto:bob@x.example."}}
    found = named_in(json.dumps(body).encode(), ADDRESS_KEY)
    assert found.keys() == {an_id(ANN), an_id("bob@x.example"), record_key("Leads:9", ADDRESS_KEY)}


def test_evidence_without_words_says_that_there_were_some() -> None:
    assert impersonal({"code": 550, "text": "ann?", "raw": "x", "told": "y"}) == {"code": 550, "text": GONE}
    assert impersonal({"code": 550, "rule": "r"}) == {"code": 550, "rule": "r"}
    assert impersonal(None) is None


def test_an_event_is_known_by_a_hash_under_the_key_unless_we_named_it_ourselves() -> None:
    theirs = event_key(f"bounce of {ANN}", ADDRESS_KEY)
    assert theirs.startswith("erased:")
    assert theirs != event_key(f"bounce of {ANN}", b"another key" * 3)
    for ours in (f"web:{'0' * 40}", f"mail:{'f' * 40}", theirs):
        assert event_key(ours, ADDRESS_KEY) == ours
    for like_ours in (f"web:{'0' * 39}", f"web:{'0' * 40}x", f"mail:{ANN}", f"erased:{ANN}"):
        assert event_key(like_ours, ADDRESS_KEY) != like_ours
