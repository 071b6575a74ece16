"""The preference page: what it shows and what a choice does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.campaign import LawfulBasis
from domain.consent import ConsentTo, Tracking, newest
from domain.contact import ContactField, OptOut
from domain.errors import StoreUnavailable
from domain.tracking import Kind
from domain.tracking_policy import TrackingPolicy
from tests.builders import NOW, a_contact, a_stamp
from tests.web.house import ANN, House, path
from web.preferences import masked

PAGE = path(Kind.PREFERENCES)


def person(house: House) -> object:
    return house.contacts.stored[ANN.contact_id]


async def test_it_shows_topics_and_hides_half_of_the_address() -> None:
    answer = await House().get(PAGE)
    assert answer.status == 200
    assert "a•••@example.com" in answer.text
    assert "ann@example.com" not in answer.text
    assert "Events &amp; &lt;more&gt;" in answer.text
    assert answer.text.count('name="topic"') == 3
    assert answer.text.count(" checked") == 4, "every topic, for nobody chose one, and the yes to tracking"


async def test_what_is_chosen_is_kept_and_shown() -> None:
    house = House()
    answer = await house.post(PAGE, b"asked=topics&topic=offers&topic=strange&tracking=no")
    assert (answer.status, "Saved." in answer.text, answer.text.count(" checked")) == (200, True, 2)
    contact = house.contacts.stored[ANN.contact_id]
    assert (contact.topics, contact.left_topics) == ({"offers"}, {"marketing", "events"})
    assert (contact.tracking, contact.opted_out) == (Tracking.NO, False)
    assert contact.consents[-1].source == "preferences:spring"


async def test_a_repeated_choice_changes_nothing() -> None:
    house = House()
    await house.post(PAGE, b"asked=topics&topic=offers&tracking=no")
    before = person(house)
    await house.post(PAGE, b"asked=topics&topic=offers&tracking=no")
    assert person(house) == before


async def test_taking_a_topic_up_again_is_a_consent_with_its_proof() -> None:
    house = House()
    house.contacts.stored[ANN.contact_id] = a_contact(left_topics=frozenset({"offers"}), revision=1)
    await house.post(PAGE, b"asked=topics&topic=offers")
    contact = house.contacts.stored[ANN.contact_id]
    assert (contact.topics, "offers" in contact.left_topics) == ({"offers"}, False)
    said = newest(contact.consents, ConsentTo.MAIL)
    assert said is not None
    assert (said.given, said.basis, said.proof) == (
        True, LawfulBasis.CONSENT, "chose topic offers again on their own page"
    )  # fmt: skip


@pytest.mark.parametrize("body", [b"", b"topic=offers", b"tracking=perhaps", b"tracking=", b"asked="])
async def test_a_form_that_asks_nothing_changes_nothing(body: bytes) -> None:
    house = House()
    before = person(house)
    assert (await house.post(PAGE, body)).status == 200
    assert person(house) == before


@pytest.mark.parametrize("body", [b"\xff", b"topic=%ff", b"topic=a&" * 2000])
async def test_what_is_no_form_is_refused(body: bytes) -> None:
    assert (await House().post(PAGE, body)).status == 400


async def test_who_left_all_is_not_offered_topics_and_does_not_come_back_by_them() -> None:
    house = House()
    house.contacts.stored[ANN.contact_id] = a_contact(opt_out=OptOut(NOW, "operator"), revision=1)
    shown = (await house.get(PAGE)).text
    assert "You get no email from Green Ltd at present." in shown
    assert 'name="topic"' not in shown
    await house.post(PAGE, b"asked=topics&topic=offers")
    assert house.contacts.stored[ANN.contact_id].opted_out


async def test_without_tracking_nobody_is_asked_about_it() -> None:
    assert 'name="tracking"' not in (await House(TrackingPolicy.OFF).get(PAGE)).text


async def test_it_speaks_the_language_of_the_record_before_that_of_the_browser() -> None:
    house = House()
    language = {"language": ContactField("de-AT", a_stamp())}
    house.contacts.stored[ANN.contact_id] = replace(a_contact(fields=language), revision=1)
    answer = await house.get(PAGE, **{"accept-language": "fr"})
    assert 'lang="de"' in answer.text
    assert "Ihre E-Mail-Einstellungen" in answer.text


async def test_of_an_erased_person_there_is_no_page() -> None:
    house = House()
    house.contacts.stored.clear()
    assert [(await house.get(PAGE)).status, (await house.post(PAGE, b"tracking=no")).status] == [404, 404]


async def test_nothing_is_promised_that_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()

    async def save(_: object) -> frozenset[str]:
        raise StoreUnavailable("away")

    monkeypatch.setattr(house.contacts, "save", save)
    answer = await house.post(PAGE, b"tracking=no")
    assert (answer.status, "Saved." in answer.text, answer.headers["retry-after"]) == (503, False, "5")


def test_an_address_is_masked_whatever_it_is() -> None:
    assert [masked(text) for text in ("ann@x.example", "a@b", "")] == ["a•••@x.example", "a•••@b", "•••@"]


async def test_what_is_chosen_stands_in_the_audit_log_and_what_is_chosen_again_does_not() -> None:
    """Of a topic that is left nothing else says when."""
    house = House()
    for _ in range(2):
        await house.post(PAGE, b"asked=topics&topic=offers&tracking=no")
    [entry] = house.audit.stored.values()
    assert (entry.who, entry.via, entry.what, entry.at) == ("reader", "page", "preferences", house.now)
    assert (entry.subject, entry.outcome) == (f"contact:{ANN.contact_id}", "done")
    assert (entry.before, entry.after) == (
        "topics: none; left: none; tracking: yes; not opted out",
        "topics: offers; left: events marketing; tracking: no; not opted out",
    )
