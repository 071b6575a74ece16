"""Messages that are given up, and mails that lead to nobody, are not kept with erased people in them."""

from __future__ import annotations

import json
from typing import Any

from domain.eligibility import SuppressionReason
from domain.erasure import GONE, record_key
from domain.inbound_mail import Unattributed
from domain.lists import Suppression
from tests.builders import ADDRESS_KEY, NOW, a_parked_message, a_suppression, an_id
from tests.fakes.parked import MemoryParked
from tests.fakes.suppressions import MemorySuppressions
from tests.fakes.unattributed import MemoryUnattributed
from workers.erased_aside import ABOUT_ERASED, ParkedAside, ReportsAside

ANN, BOB = "ann@example.com", "bob@example.com"
STONES = MemorySuppressions(
    a_suppression(ANN, reason=SuppressionReason.ERASED),
    a_suppression(BOB, reason=SuppressionReason.COMPLAINED),
    Suppression(record_key("Leads:7", ADDRESS_KEY), SuppressionReason.ERASED, NOW),
)


def body(**data: Any) -> bytes:
    return json.dumps({"specversion": "1.0", "data": data}).encode()


async def parked(type_: str, content: bytes) -> tuple[bytes, str]:
    """What is kept of the body, and what is said."""
    store = MemoryParked()
    message = a_parked_message(type=type_, body=content, error=f"{ANN}: too long")
    await ParkedAside(store, STONES, ADDRESS_KEY).park(message)
    [kept] = store.stored.values()
    return kept.body, kept.error


async def test_a_message_about_an_erased_person_is_parked_without_its_body() -> None:
    gone = (b"", ABOUT_ERASED)
    assert await parked("record-changed", body(fields={"Email": "Ann@Example.com", "Last_Name": "Smith"})) == gone
    assert await parked("record-changed", body(module="Leads", record_id="7", fields={"Last_Name": "Smith"})) == gone
    assert await parked("", b"no JSON: <ann@example.com>") == gone


async def test_of_a_message_about_many_the_erased_person_is_taken_out() -> None:
    kept, error = await parked("send-batch", body(campaign_id="spring", addresses=[ANN, BOB]))
    assert json.loads(kept)["data"]["addresses"] == ["erased@erased.invalid", BOB]
    assert error == GONE


async def test_any_other_message_is_parked_as_it_is() -> None:
    """Suppressed for another reason is not erased, and joann is not ann."""
    content = body(fields={"Email": BOB, "Other": "joann@example.com"}, module="Leads", record_id="8")
    assert await parked("record-changed", content) == (content, f"{ANN}: too long")


async def test_a_report_that_names_an_erased_person_is_not_kept() -> None:
    store = MemoryUnattributed()
    reports = [
        Unattributed(name, NOW, "bounce", "dsn", "no_token", tuple(map(an_id, named)), "")
        for name, named in {"ann": [ANN], "both": [BOB, ANN], "bob": [BOB], "nobody": []}.items()
    ]
    await ReportsAside(store, STONES).add(reports)
    assert store.stored.keys() == {"bob", "nobody"}


async def test_an_erasure_that_was_given_up_can_be_repeated() -> None:
    store, content = MemoryParked(), body(address=ANN)
    await ParkedAside(store, STONES, ADDRESS_KEY).park(a_parked_message(queue="erasure-requested", body=content))
    [kept] = store.stored.values()
    assert kept.body == content
