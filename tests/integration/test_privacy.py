"""Erasing somebody on real servers: whatever collection there is, nothing of the person is left in it but hashes."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from cli.login import login
from domain.audit import DONE, AuditEntry, AuditQuery
from domain.campaign import CampaignStatus, Selection, changed_since_review, hash_of
from domain.eligibility import SuppressionReason
from domain.email import EmailState, SkipReason
from domain.erasure import erased_ref, record_key
from domain.inbound_mail import Unattributed
from domain.lists import Suppression
from domain.series import Entry, EntryEnd, entry_id
from domain.slices import KeyRange
from domain.test_mail import TestOutcome, TestState
from handlers.carry_over import CarryOver
from handlers.delivery_event import DeliveryRecorder
from handlers.erased_records import ErasedRecords
from handlers.erasure_requested import Eraser
from handlers.feed_news import ContactsNews, EmailNews, Numbering
from handlers.record_changed import RecordKeeper
from handlers.strike_book import StrikeBook
from messages.delivery_event import DeliveryEvent
from messages.erasure_requested import ErasureRequested
from messages.send_requested import SendRequested
from repositories.stores import Stores
from tests.builders import (
    ADDRESS_KEY,
    NOW,
    a_campaign,
    a_parked_message,
    a_reply,
    a_run,
    a_sync,
    an_email,
    an_id,
    an_outcome,
    later,
)
from tests.handlers.audience import an_update
from tests.integration.scripted_relay import ScriptedRelay
from tests.integration.typed import typed
from tests.integration.whole_way import SENDERS, World, people, world
from tests.waiting import wait_until
from workers.erasure_requested import eraser
from workers.resources import now

ANN, ID, NAME = "Ann.Secret@x.example", "lead-ann-77", "Zimtstern"
REF = f"Leads:{ID}"
BOB = "bob@x.example"
ENCODED = base64.b64encode(ANN.encode()).decode().rstrip("=")
#: In lower case: the address, its local part also as it stands in URLs, base64, hexadecimal; the name, the record's id.
TRACES = (
    ANN.lower(), "ann.secret", "ann%2esecret", ENCODED.lower(), ANN.encode().hex(), ANN.lower().encode().hex(),
    NAME.lower(), ID,
)  # fmt: skip
#: Why she was not mailed before; holds when she comes back (D4).
HELD = frozenset({SuppressionReason.COMPLAINED, SuppressionReason.MANUAL})
#: Where the person is before she is erased. A new store of something personal is seeded in `seeded`, and stands here.
EVERYWHERE = {
    "audit", "campaigns", "contacts", "emails", "events", "outbox", "parked", "parked_bodies.chunks", "records",
    "review_runs", "selections", "suppressions", "sync_runs", "test_mails", "unattributed",
}  # fmt: skip


def keeper(stores: Stores) -> RecordKeeper:
    carry_over = CarryOver(stores.records, stores.contacts, stores.suppressions, ADDRESS_KEY)
    erased = ErasedRecords(stores.records, stores.suppressions, stores.erasures, ADDRESS_KEY, now)
    return RecordKeeper(stores.records, stores.modules, stores.syncs, carry_over, erased)


def recorder(stores: Stores) -> DeliveryRecorder:
    book = StrikeBook(stores.strikes, stores.emails)
    return DeliveryRecorder(
        stores.emails, stores.events, stores.suppressions, stores.contacts, book, ADDRESS_KEY, stores.campaigns
    )


def told(record_id: str, address: str, version: int = 1) -> Any:
    fields = {"Email": address, "Last_Name": NAME if record_id == ID else "Bob", "First_Name": "x"}
    return an_update(record_id, fields, version=version)


def heard(event_id: str, event: str, **more: Any) -> DeliveryEvent:
    values = {"event_id": event_id, "event": event, "email_id": SENT.id, "occurred_at": later(60), **more}
    return DeliveryEvent.model_validate(values)


SENT = an_email(ANN, ref=REF, time_zone="Europe/Malta")
WAITS = an_email(ANN, "autumn", ref=REF)
BOBS = an_email(BOB, ref="Leads:bob")


async def seeded(stores: Stores) -> None:
    """Ann in every collection, Bob beside her in some."""
    await stores.syncs.save(a_sync())
    await keeper(stores)([told(ID, ANN), told("bob", BOB), an_update("abc", {"Email": "c@x.example"})])
    kept = Selection(refs=(REF, "Leads:bob"))
    spring = a_campaign(status=CampaignStatus.REVIEWED, recipients=kept)
    await stores.campaigns.add(replace(spring, reviewed_hash=hash_of(spring)))
    await stores.campaigns.add(a_campaign("autumn", status=CampaignStatus.PAUSED))
    await stores.selections.put("autumn:1:x", 0, [REF, "Leads:bob"], campaign_id="autumn", revision=1)
    ranges = (KeyRange(0, "Leads:", REF, "module:Leads"), KeyRange(1, REF, "Leads:zzz", "module:Leads"))
    await stores.sync_runs.create(a_run(ranges=ranges))
    await stores.review_runs.create(a_run("spring-r1", subject="spring", ranges=ranges))
    double = an_email(ANN, "autumn", ref=REF, state=EmailState.SKIPPED, reason="duplicate", detail=f"as {REF}")
    key = record_key(REF, ADDRESS_KEY)
    await stores.emails.plan([SENT, BOBS, WAITS, replace(double, id=f"autumn:{key}:0", contact_id=key, address=ANN)])
    await stores.emails.store([an_outcome(SENT, reply=a_reply(250, f"2.1.5 Ok <{ANN}>")), an_outcome(BOBS)])
    evidence = {"code": 452, "enhanced": "4.2.2", "text": f"<{ANN}>: mailbox of {NAME} is full", "source": "dsn"}
    await recorder(stores)(
        [
            heard(f"provider:{ANN}:1", "bounced", evidence={**evidence, "raw": f"To: {NAME} <{ANN}>"}),
            heard(f"click-{ENCODED}", "clicked", url=f"https://x.example/?who={ANN}", user_agent=f"Mozilla of {NAME}"),
            heard("e3", "complained", evidence={"text": f"{NAME} is angry"}),
        ]
    )
    await stores.suppressions.add([Suppression(an_id(ANN), SuppressionReason.MANUAL, NOW, f"{NAME} called")])
    numbering = Numbering(stores.outbox, lambda: NOW)
    await EmailNews(stores.feed_marks, stores.campaigns, stores.contacts, numbering)(100)
    await ContactsNews(stores.feed_marks, stores.contacts, numbering)(100)
    way = Entry("hello:x:0", "hello", an_id(ANN), 0, NOW, {"birthday@2026": later(99)}, next_at=later(9))
    await stores.series_entries.enter([replace(way, id=entry_id("hello", way.contact_id, 0))])
    await stores.unattributed.add([Unattributed("r1", NOW, "bounce", "dsn", "no_token", (), f"To: <{ANN}>")])
    await stores.test_mails.save([TestOutcome("t1", ANN, TestState.TAKEN, NOW)])
    await stores.audit.add(AuditEntry("a1", NOW, "dpo", "cli", "contact opt-out", f"contact:{ANN}"))
    for body_id, body in parked().items():
        await stores.parked.park(a_parked_message(body_id, queue="q", body=body))


def parked() -> dict[str, bytes]:
    def event(type_: str, **data: Any) -> bytes:
        return json.dumps({"specversion": "1.0", "type": f"campaigns.{type_}.v1", "data": data}).encode()

    fields = {"Email": ANN, "Last_Name": NAME}
    record = {"module": "Leads", "record_id": ID}
    return {
        "small": event("record-changed", **record, fields=fields),
        "large": event("record-changed", **record, fields=fields, more="x" * 1_100_000),
        "many": event("send-batch", campaign_id="spring", addresses=[ANN.upper(), BOB]),
        "rubbish": f"not JSON, {ANN}".encode(),
        "bobs": event("record-changed", module="Leads", record_id="bob", fields={"Email": BOB}),
    }


async def left(stores: Stores) -> dict[str, list[str]]:
    """Documents of any collection that say something of Ann."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in await stores.database.list_collection_names():
        async for document in stores.database[name].find({}):
            text = repr(document).lower()
            if any(trace in text for trace in TRACES):
                found[name].append(text[:300])
    return found


async def look_again(erase: Eraser) -> None:
    """As worker `retention` does when it is time."""
    later_on = replace(erase, now=lambda: now() + timedelta(hours=1))
    for each in await later_on.due():
        await later_on.look_again(each)


async def summaries(stores: Stores) -> Any:
    books = [await stores.emails.books(campaign, 3) for campaign in ("spring", "autumn")]
    return await stores.emails.summaries(["spring"]), books[0], (await stores.figures.of("spring")).over_time


async def test_of_somebody_who_is_erased_nothing_is_left_anywhere(
    deployment: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with world(deployment, "erasure-requested", smtp_port=1) as here:
        await seeded(here.stores)
        assert (await left(here.stores)).keys() == EVERYWHERE
        before = await summaries(here.stores)
        would = json.loads((await typed(here, "contact", "erase", ANN, "--dry-run", "--json")).out)["would_erase"]
        exported = json.loads((await typed(here, "contact", "export", ANN)).out)
        await typed(here, "contact", "export", "--record", REF)
        refused = await typed(here, "contact", "erase", ANN)
        assert (await left(here.stores)).keys() == EVERYWHERE
        erased = await typed(here, "contact", "erase", ANN, "--yes", "--because", "request 7", "--by", "dpo", "--json")
        assert await left(here.stores) == {}
        assert await summaries(here.stores) == before
        await assert_bob_is_there(here)
        await assert_campaigns_go_on(here.stores)
        await recorder(here.stores)([heard(f"click-{ENCODED}", "clicked"), heard(f"provider:{ANN}:1", "bounced")])
        assert await summaries(here.stores) == before, "events whose ids are hashed now are known"
        assert await left(here.stores) == {}
        noted = await here.stores.audit.find(AuditQuery(f"contact:{an_id(ANN)}"))
        by_record = await here.stores.audit.find(AuditQuery(f"contact:{record_key(REF, ADDRESS_KEY)}"))
        again = json.loads((await typed(here, "contact", "erase", ANN, "--yes", "--json")).out)
        assert await left(here.stores) == {}
    receipt = json.loads(erased.out)
    assert refused.code != 0
    assert (receipt["hash"], receipt["by"], receipt["reason"]) == (an_id(ANN), "dpo", "request 7")
    assert receipt["erased"].keys() == would.keys()
    assert again["erased"] == receipt["erased"], "done again, it finds nothing more"
    assert exported["data"]["records"][0]["_id"] == REF
    assert {name for name, kept in exported["data"].items() if kept} == would.keys()
    assert json.loads(next(each.after or "" for each in noted if each.what == "erasure"))["erased"] == receipt["erased"]
    [told] = [each for each in noted if each.what == "contact export"]
    [told_by_record] = by_record
    assert {(each.what, each.who, each.via, each.outcome) for each in (told, told_by_record)} == {
        ("contact export", login(), "cli", DONE)
    }
    logged = f"{caplog.text} {erased.err}".lower()
    assert not [trace for trace in TRACES if trace in logged]


async def assert_bob_is_there(here: World) -> None:
    stores = here.stores
    assert (await stores.records.load(["Leads:bob"]))["Leads:bob"].value("Email") == BOB
    assert (await stores.contacts.load([an_id(BOB)]))[an_id(BOB)].address == BOB
    [row] = await stores.emails.of_people([an_id(BOB)])
    assert (row.address, row.reply) == (BOB, a_reply())
    many = await stores.parked.get("many")
    assert many is not None
    assert BOB in many.body.decode()
    assert await stores.parked.get("bobs") is not None
    assert await stores.parked.count() == 2


async def assert_campaigns_go_on(stores: Stores) -> None:
    """What was reviewed is reviewed, and who waited for a mail does not get it."""
    spring = await stores.campaigns.get("spring")
    assert spring is not None
    assert changed_since_review(spring) == []
    assert set(spring.recipients.refs) == {erased_ref(REF, ADDRESS_KEY), "Leads:bob"}
    rows = {row.id: row for row in await stores.emails.of_people([an_id(ANN)])}
    assert (rows[WAITS.id].state, rows[WAITS.id].reason) == (EmailState.SKIPPED, SkipReason.ERASED)
    assert (rows[SENT.id].state, rows[SENT.id].address, rows[SENT.id].time_zone) == (EmailState.SENT, "", None)
    held = {each.reason: each.evidence for each in await stores.suppressions.details(an_id(ANN))}
    assert held == dict.fromkeys([*HELD, SuppressionReason.ERASED], "")
    [way] = await stores.series_entries.of_contact(an_id(ANN))
    assert (way.ended, way.next_at, way.done) == (EntryEnd.ERASED, None, {"birthday@2026": NOW})
    run = await stores.sync_runs.get("leads-r1")
    assert run is not None
    assert [(each.after, each.through) for each in run.ranges] == [("Leads:", "Leads:bob"), ("Leads:bob", "Leads:zzz")]


async def test_late_news_of_an_erased_person_change_numbers_and_bring_nothing_back(deployment: dict[str, str]) -> None:
    """Records and events that come afterwards, and whatever workers had in memory while somebody was erased."""
    async with world(deployment, "erasure-requested", smtp_port=1) as here:
        stores = here.stores
        await seeded(stores)
        contact = (await stores.contacts.load([an_id(ANN)]))[an_id(ANN)]
        record = (await stores.records.load([REF]))[REF]
        erase = eraser(here.settings, stores)
        asked = ErasureRequested(address=ANN)
        await asyncio.gather(erase.erase(asked, source="cli"), erase.erase(asked, source="message"))
        assert await left(stores) == {}

        assert await stores.contacts.save([contact]) == {contact.id}
        assert await stores.contacts.save([replace(contact, revision=0)]) == {contact.id}
        assert await stores.records.save([replace(record, fields={})]) == {REF}
        await keeper(stores)([told(ID, ANN, 9), told("other-id", ANN, 9), told("bob", ANN, 9)])
        await keeper(stores)([told(ID, "new@x.example", 10), an_update("other-id", {"Last_Name": NAME}, version=11)])
        await recorder(stores)([heard("e9", "clicked", url=f"https://x.example/{ANN}", user_agent=NAME)])
        assert await left(stores) == {}
        assert set(await stores.records.load([REF, "Leads:other-id", "Leads:bob"])) == set()
        assert not (await stores.contacts.load([an_id(BOB)]))[an_id(BOB)].present()
        assert (await stores.figures.of("spring")).links[0].clicks == 2

        # A mail that was on the wire, and a review that had the contact in memory.
        await stores.emails.plan([an_email(ANN, "winter", ref=REF)])
        late = an_email(ANN, "winter")
        await stores.emails.store([an_outcome(late, reply=a_reply(250, f"2.1.5 <{ANN}> Ok"))])
        await look_again(erase)
        assert await left(stores) == {}
        [row] = await stores.emails.load([late.id])
        assert (row.state, row.address) == (EmailState.SENT, "")
        assert await stores.erasures.due(now() + timedelta(days=1), 9) == []


async def test_who_comes_back_by_own_wish_is_stored_again(deployment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "ann.json"
    async with world(deployment, "erasure-requested", smtp_port=1) as here:
        await seeded(here.stores)
        await typed(here, "contact", "export", "--record", REF, "--out", str(file))
        await typed(here, "contact", "erase", ANN, "--yes")
        kept = await typed(here, "suppression", "remove", ANN, "--reason", "erased", "--because", "x", "--yes")
        lifted = await typed(here, "suppression", "lift", ANN, "--because", "form 12", "--yes")
        await keeper(here.stores)([told(ID, ANN, 20)])
        contact = (await here.stores.contacts.load([an_id(ANN)]))[an_id(ANN)]
        assert await here.stores.suppressions.of([an_id(ANN)]) == {an_id(ANN): HELD}
        rows = await here.stores.emails.of_people([an_id(ANN)])
        alone = json.loads((await typed(here, "contact", "erase", "--record", "Leads:x", "--yes", "--json")).out)[
            "hash"
        ]
        not_alone = await typed(here, "suppression", "lift", "--record", REF, "--because", "form 13", "--yes")
        back = await typed(here, "suppression", "lift", "--record", "Leads:x", "--because", "form 13", "--yes")
        assert await here.stores.suppressions.of([alone]) == {}
        await here.stores.test_mails.save([TestOutcome("t2", BOB, TestState.TAKEN, NOW)])
        shown = json.loads((await typed(here, "retention", "show", "--json")).out)
        would = json.loads((await typed(here, "retention", "apply", "--dry-run", "--json")).out)
        unconfirmed = await typed(here, "retention", "apply")
        applied = json.loads((await typed(here, "retention", "apply", "--yes", "--json")).out)
        assert await here.stores.test_mails.of("t2") == []
    assert json.loads(file.read_text())["address"] == ANN.lower()
    assert file.stat().st_mode & 0o777 == 0o600
    assert (shown["test_mails"]["days"], shown["test_mails"]["documents"], shown["test_mails"]["due"]) == (1, 1, 1)
    assert (would, unconfirmed.code, applied["test_mails"]) == (shown, 1, 1)
    assert (not_alone.code, back.code) == (1, 0)
    assert "name the address" in not_alone.text
    assert kept.code != 0
    assert "suppression lift" in kept.text
    assert lifted.code == 0, lifted
    assert contact.address == ANN
    assert {row.address for row in rows} == {""}


async def test_who_is_erased_during_a_send_is_skipped_or_counted_and_the_books_balance(
    deployment: dict[str, str],
) -> None:
    """Some mails are on the wire, some batches claimed ahead, some nobody has touched; logs name nobody."""
    everybody = people(120)
    erased = {everybody[0], everybody[60], everybody[-1]}
    async with (
        ScriptedRelay(final_s=0.01) as relay,
        world(deployment, *SENDERS, "erasure-requested", smtp_port=relay.port) as here,
    ):
        await here.reviewed(everybody)
        with structlog.testing.capture_logs() as logged:
            async with here.working(*SENDERS, "erasure-requested"):
                await here.publish(SendRequested(campaign_id="spring"))
                await wait_until(lambda: _taken(relay, 10), timeout_s=60, what="ten mails are taken")
                await here.publish(*(ErasureRequested(address=each, reason="request 8") for each in erased))
                await here.until_status(CampaignStatus.SENT, timeout_s=60)
                await wait_until(lambda: _erased(here, 3), timeout_s=60, what="three people are erased")
        erase = eraser(here.settings, here.stores)
        await look_again(erase)
        books = await here.books()
        rows = await here.stores.emails.of_people([an_id(each) for each in erased])
        receipts = {each: await here.stores.erasures.get(an_id(each)) for each in erased}
        named = [row.address for row in await here.rows(EmailState.SENT)]
    assert books.balanced
    assert {(row.state, row.reason) for row in rows} <= {
        (EmailState.SENT, None), (EmailState.SKIPPED, SkipReason.ERASED),
    }  # fmt: skip
    assert {row.address for row in rows} == {""}
    for row in rows:
        receipt = next(each for each in receipts.values() if each and each.id == row.contact_id)
        assert receipt.done_at
        if row.state is EmailState.SENT and not receipt.under_way:
            assert row.state_at
            assert row.state_at <= receipt.done_at, "nothing goes out after the receipt"
    taken = [each for each in relay.recipients if each not in erased]
    assert sorted(taken) == sorted(each for each in named if each), "everybody else once"
    assert len(relay.recipients) == len(set(relay.recipients)) == len(named)
    assert not [each for each in erased if each in repr(logged)]


async def _taken(relay: ScriptedRelay, count: int) -> bool:
    return len(relay.mails) >= count


async def _erased(here: World, count: int) -> bool:
    found = await here.stores.erasures.due(now() + timedelta(hours=1), 9)
    return len([each for each in found if each.done_at]) == count
