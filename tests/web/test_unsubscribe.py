"""Leaving: stored before the answer, never by looking at a page, however often and whatever is away."""

from __future__ import annotations

from dataclasses import replace
from html import unescape

import pytest

from domain.consent import ConsentTo, newest
from domain.eligibility import SuppressionReason
from domain.email import NO_CONTACT, Mark, email_id
from domain.errors import BrokerUnavailable, StoreUnavailable
from domain.tracking import Kind
from messages.delivery_event import EventType
from tests.web.asking import ask
from tests.web.house import ANN, House, path

LEAVE, PREFERENCES = path(Kind.UNSUBSCRIBE), path(Kind.PREFERENCES)
ONE_CLICK = b"List-Unsubscribe=One-Click"
MULTIPART = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'


def has_left(house: House) -> bool:
    contact = house.contacts.stored[ANN.contact_id]
    said = newest(contact.consents, ConsentTo.MAIL)
    suppressed = (ANN.contact_id, SuppressionReason.UNSUBSCRIBED) in house.suppressions.stored
    return contact.opted_out and said is not None and not said.given and suppressed


@pytest.mark.parametrize(
    ("body", "kind", "way"),
    [
        (ONE_CLICK, "application/x-www-form-urlencoded", "one_click"),
        (MULTIPART, "multipart/form-data; boundary=x", "one_click"),
        (b"leave=all", "application/x-www-form-urlencoded", "page"),
        (b"", "text/plain", "page"),
        (b"\xff\x00 rubbish", "multipart/form-data", "page"),
    ],
)
async def test_posting_unsubscribes_without_cookie_or_redirect(body: bytes, kind: str, way: str) -> None:
    house = House()
    answer = await house.post(LEAVE, body, **{"content-type": kind})
    assert (answer.status, "location" in answer.headers, "set-cookie" in answer.headers) == (200, False, False)
    assert has_left(house)
    [suppression] = house.suppressions.stored.values()
    assert suppression.evidence == f"campaign spring: {way}"
    assert Mark.UNSUBSCRIBED in house.emails.stored[ANN.id].times
    assert len(house.events.stored) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_at_the_page_changes_nothing(method: str) -> None:
    house = House()
    answer = await ask(house.app, LEAVE, method=method)
    assert answer.status == 200
    assert not house.suppressions.stored
    assert not house.contacts.stored[ANN.contact_id].opted_out


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_refused(method: str) -> None:
    house = House()
    assert (await ask(house.app, LEAVE, method=method)).status == 405
    assert not house.suppressions.stored


async def test_the_link_of_a_test_mail_unsubscribes_nobody() -> None:
    """R69."""
    house = House()
    nobody = replace(ANN, id=email_id("spring", f"{NO_CONTACT}{'ab' * 8}"))
    assert (await house.post(path(Kind.UNSUBSCRIBE, nobody), ONE_CLICK)).status == 200
    assert not house.suppressions.stored
    assert not house.events.stored


async def test_a_repeated_unsubscribe_changes_nothing() -> None:
    house = House()
    await house.post(LEAVE, ONE_CLICK)
    contact, events = house.contacts.stored[ANN.contact_id], dict(house.events.stored)
    assert (await house.post(LEAVE, ONE_CLICK)).status == 200
    assert (house.contacts.stored[ANN.contact_id], house.events.stored) == (contact, events)


async def test_who_was_erased_or_has_no_row_any_more_is_suppressed_all_the_same() -> None:
    house = House()
    house.contacts.stored.clear()
    house.emails.stored.clear()
    assert (await house.get(LEAVE)).status == 200
    assert (await house.post(LEAVE, ONE_CLICK)).status == 200
    assert (ANN.contact_id, SuppressionReason.UNSUBSCRIBED) in house.suppressions.stored


async def test_while_mongodb_is_away_it_is_kept_in_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    store_away(house, monkeypatch)
    assert (await house.post(LEAVE, ONE_CLICK)).status == 200
    assert (house.broker.only.event, house.broker.only.email_id) == (EventType.UNSUBSCRIBED, ANN.id)


async def test_while_both_are_away_nothing_is_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    store_away(house, monkeypatch)
    house.broker.trouble = BrokerUnavailable("away")
    answer = await house.post(LEAVE, ONE_CLICK)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert "try again" in answer.text


def store_away(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def add(_: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(house.suppressions, "add", add)


async def test_the_broker_is_not_needed() -> None:
    house = House()
    house.broker.trouble = BrokerUnavailable("away")
    assert (await house.post(LEAVE, ONE_CLICK)).status == 200
    assert has_left(house)


async def test_the_page_leads_to_the_preferences_of_the_same_person() -> None:
    assert f'href="..{PREFERENCES}"' in unescape((await House().get(LEAVE)).text)


async def test_leaving_all_on_the_preference_page_is_the_same() -> None:
    house = House()
    assert "unsubscribed" in (await house.post(PREFERENCES, b"leave=all")).text
    assert has_left(house)


@pytest.mark.parametrize(("page", "way"), [(LEAVE, "page"), (PREFERENCES, "preferences")])
async def test_that_somebody_left_stands_in_the_audit_log_once_and_by_hash(page: str, way: str) -> None:
    house = House()
    for _ in range(2):
        await house.post(page, b"leave=all")
    [entry] = house.audit.stored.values()
    assert (entry.who, entry.via, entry.what) == ("reader", "page", f"unsubscribe {way}")
    assert entry.subject == f"contact:{ANN.contact_id}"
    assert (entry.at, entry.before, entry.after) == (house.now, "not suppressed", "suppressed: unsubscribed")
    assert entry.outcome == "done"
    assert "@" not in repr(entry)


@pytest.mark.parametrize("body", [b"leave=all", b"asked=topics&topic=offers&tracking=no"])
async def test_where_the_audit_log_is_away_what_a_reader_wants_is_kept(
    body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def add(_: object) -> None:
        raise StoreUnavailable("away")

    house = House()
    monkeypatch.setattr(house.audit, "add", add)
    before = house.contacts.stored[ANN.contact_id]
    assert (await house.post(PREFERENCES, body)).status == 200
    assert house.contacts.stored[ANN.contact_id] != before
    assert not house.audit.stored
