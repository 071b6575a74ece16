"""Campaign documents: faults are told with line and field; export and apply are each other's way back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.campaign_documents import _placed, document, yaml_of
from cli.yaml_document import DocumentInvalid, read
from domain.campaign import Campaign, Content, LawfulBasis, Origin, Purpose, Selection, Sender
from messages.campaign_saved import CampaignSaved
from tests.builders import a_campaign

WHOLE = """\
campaign_id: spring
name: Spring news
purpose: event
sender:
  name: Green Ltd
  address: news@green.example
content:
  subject: Hello
  text: |
    Hello
    {{ first_name }}
recipients:
  filters:
    Leads: City = "Rome"
  records:
    Contacts: [5400000000000000001, "2"]
  list_members: yes
list: news
topic: offers
lawful_basis: consent
schedule: 2026-12-01T10:00+01:00
member_status: Invited
information: {budget: 100, agreed: no}
"""


def read_in(text: str) -> CampaignSaved:
    return document(read(text, "c.yaml"), "c.yaml", "ann")


def faults(text: str) -> list[str]:
    with pytest.raises(DocumentInvalid) as raised:
        read_in(text)
    return str(raised.value).splitlines()


def test_a_document_says_all_of_a_campaign() -> None:
    assert read_in(WHOLE).to_campaign() == replace(
        Campaign("spring", "Spring news", Purpose.EVENT, Sender("Green Ltd", "news@green.example"), Content("Hello")),
        content=Content("Hello", text="Hello\n{{ first_name }}\n"),
        recipients=Selection(
            refs=("Contacts:5400000000000000001", "Contacts:2"), filters={"Leads": 'City = "Rome"'}, list_members=True
        ),
        list_id="news",
        topic="offers",
        lawful_basis=LawfulBasis.CONSENT,
        schedule="2026-12-01T09:00:00Z",
        member_status="Invited",
        information={"budget": "100", "agreed": "no"},
        origin=Origin.CAMPAIGNS,
        author="ann",
    )


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("topic:", "topik:", "c.yaml line 19: topik is no field; did you mean topic?"),
        ("  text: |", "  texts: |", "c.yaml line 9: content.texts is no field; did you mean text?"),
        ("purpose: event", "origin: crm", "c.yaml line 3: origin is no field; there are campaign_id, name"),
        ("purpose: event", "purpose: party", "c.yaml line 3: purpose Input should be 'newsletter'"),
        ("name: Spring news", "name: []", "c.yaml line 2: name has to be text"),
        ("name: Spring news", "name:", "c.yaml line 1: name is needed"),
        ("  name: Green Ltd", '  name: "Green\\r\\nBcc: all"', "c.yaml line 5: sender.name has more than one line"),
        ("  subject: Hello", '  subject: "a\\nb"', "c.yaml line 8: content.subject has more than one line"),
        ("  subject: Hello", '  subject: "a\\u2028b"', "c.yaml line 8: content.subject has more than one line"),
        ("  list_members: yes", "  list_members: perhaps", "c.yaml line 17: recipients.list_members Input should be"),
        ("    Contacts: [5400000000000000001, \"2\"]", "    Contacts: 5", "line 16: recipients.records.Contacts"),
        ("[5400000000000000001, \"2\"]", "[[5]]", "line 16: recipients.records.Contacts.0 has to be text"),
        ("schedule: 2026-12-01T10:00+01:00", "schedule: soon", "c.yaml line 21: schedule 'soon' is no time"),
        ("campaign_id: spring", "campaign_id: a/b", "c.yaml line 1: campaign_id has more than one line, or a char"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line_and_field(before: str, after: str, told: str) -> None:
    text = WHOLE.replace(before, after)
    assert told in faults(text)[0]


def test_all_faults_are_told_at_once() -> None:
    assert len(faults("name: []\ntopik: x\nsender: 5\n")) == 5


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("recipients.filters.Leads: filter, character 4: x", "c.yaml line 14: recipients.filters.Leads: filter"),
        ("member_status: there is no status", "c.yaml line 22: member_status"),
        ("text, line 2: unknown", "c.yaml line 9: text, line 2"),
        ("campaign spring: recipients: too many", "c.yaml line 12: campaign spring: recipients: too many"),
        ("campaign spring: is no draft", "c.yaml: campaign spring: is no draft"),
    ],
)
def test_a_refusal_is_told_with_the_line_of_its_field(said: str, told: str) -> None:
    assert _placed(said, read(WHOLE, "c.yaml"), "c.yaml").startswith(told)


@pytest.mark.parametrize("text", [WHOLE, WHOLE.partition("recipients:")[0]])
def test_what_is_exported_is_applied_as_it_was(text: str) -> None:
    once = read_in(text)
    assert read_in(yaml_of(once)) == once


LINE = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=30)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(LINE, LINE, TEXT, st.dictionaries(TEXT, TEXT, max_size=3), st.none() | TEXT)
@settings(max_examples=100, deadline=None)
def test_any_texts_survive_the_way_there_and_back(
    name: str, subject: str, text: str, information: dict[str, Any], html: str | None
) -> None:
    content = Content(subject, html=html, text=text)
    saved = CampaignSaved.of(a_campaign(name=name, content=content, information=information))
    there = read_in(yaml_of(saved))
    assert there.model_copy(update={"saved_by": ""}) == saved


@pytest.mark.parametrize("text", ["- x", "x"])
def test_a_document_is_a_map(text: str) -> None:
    assert faults(text) == ["c.yaml line 1: a document is a map: campaign_id, name, and so on"]
