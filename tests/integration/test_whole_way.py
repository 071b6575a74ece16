"""The whole way through the product on real servers: from a CRM's records to balanced books."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from email import message_from_bytes
from typing import Any

from domain.campaign import CampaignStatus
from domain.email import Email, EmailState
from domain.record import Operation
from domain.slices import SliceState
from domain.summary import Summary
from domain.sync import SyncStatus
from gateways.catcher import Catcher, CatcherOptions
from handlers.campaign_moves import CampaignMoves
from messages.campaign_saved import CampaignSaved, ContentPart, RecipientsPart, SenderPart
from messages.delivery_event import DeliveryEvent, EventType, Evidence
from messages.record_changed import RecordChanged
from messages.review_requested import ReviewRequested
from messages.send_batch import SendBatch
from messages.send_requested import SendRequested
from messages.sync_requested import SyncDefinition, SyncMode, SyncRequested
from messages.test_requested import TestRequested
from tests.builders import an_id, later
from tests.integration.whole_way import SENDERS, World, people, some_sent, world
from tests.waiting import wait_until
from workers.catalog import WORKERS
from workers.resources import now

FATES = ["unknown.u@crm.example", "spam.s@crm.example", "defer-1.a@crm.example", "defer-1.b@crm.example"]
TROUBLE: list[dict[str, Any]] = [
    {"Email": ""},
    {"Email": "no at sign"},
    {"Email": "left@crm.example", "Email_Opt_Out": True},
]
TESTER = "tester@green.example"

LEADS: list[dict[str, Any]] = [{"Email": each} for each in [*people(10), *FATES]] + TROUBLE
CONTACTS: list[dict[str, Any]] = [{"Email": "contact@crm.example"}, {"Email": "P0@CRM.example"}]

SYNC = SyncDefinition(
    module="Leads", lists=["news"], subscription_type="marketing", topics=["marketing"],
    map={"First_Name": "first_name"},
)  # fmt: skip
CAMPAIGN = CampaignSaved(
    campaign_id="spring",
    name="Spring news",
    sender=SenderPart(name="Green Ltd", address="news@mail.green.example"),
    content=ContentPart(
        subject="Hello {{ first_name | default('you') }}",
        html='<p>Spring is here.</p><p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>',
        text="Spring is here. Unsubscribe: {{ unsubscribe_url }}",
    ),
    recipients=RecipientsPart(modules=["Leads", "Contacts"]),
    list="news",
)


def record(module: str, number: int, fields: Mapping[str, Any], **more: Any) -> RecordChanged:
    told: dict[str, Any] = {"operation": Operation.CREATE, "changed_at": later(number), **more}
    return RecordChanged(module=module, record_id=str(number), fields=fields, **told)


def crm() -> list[RecordChanged]:
    """Every record once, and a later change of the first lead."""
    created = [record("Leads", n, {"First_Name": f"No. {n}", **fields}) for n, fields in enumerate(LEADS)]
    created += [record("Contacts", n, fields) for n, fields in enumerate(CONTACTS)]
    renamed = record("Leads", 1, {"First_Name": "Anna"}, operation=Operation.UPDATE, changed_at=later(3600))
    return [*created, renamed]


def twice_in_disorder(messages: Sequence[Any]) -> list[Any]:
    told = [*messages, *messages]
    random.Random(3).shuffle(told)
    return told


async def synced(here: World) -> None:
    await here.publish(*twice_in_disorder(crm()))

    async def stored() -> bool:
        return await here.stores.records.count("Leads") == len(LEADS)

    await wait_until(stored, timeout_s=60, what="all leads are stored")
    await here.publish(SyncRequested(sync_id="leads", definition=SYNC))
    await ended(here, 1)


async def ended(here: World, runs: int) -> None:
    """So many runs of the sync have come to their end."""

    async def over() -> bool:
        return await here.stores.database["sync_runs"].count_documents({"ended_at": {"$ne": None}}) == runs

    await wait_until(over, timeout_s=60, what=f"{runs} runs of the sync ended")


def answers(rows: Sequence[Email]) -> list[DeliveryEvent]:
    """What the people in these rows do with their mail."""
    told = {
        "p1": [EventType.CLICKED, EventType.OPENED],
        "p2": [EventType.OPENED, EventType.REPLIED],
        "p3": [EventType.OPENED],
        "p4": [EventType.COMPLAINED],
        "p5": [EventType.UNSUBSCRIBED],
        "p6": [EventType.BOUNCED],
    }
    return [event(row, kind) for row in rows for kind in told.get(row.address.partition("@")[0], [])]


def event(row: Email, kind: EventType, **more: Any) -> DeliveryEvent:
    evidence = Evidence(code=550, enhanced="5.1.1", text="no such user") if kind is EventType.BOUNCED else None
    named = {"event_id": f"{kind}-{row.id}", "email_id": row.id, "occurred_at": now(), "evidence": evidence}
    return DeliveryEvent(event=kind, **{**named, **more})


async def test_from_crm_records_to_an_exact_summary_and_balanced_books(deployment: dict[str, str]) -> None:
    """R9, R18, R57, R61-R64, R68, R70-R74, R86, R93-R94, D2, D4, D5, X1, X2."""
    async with (
        Catcher(CatcherOptions()) as catcher,
        world(deployment, smtp_port=catcher.port) as here,
        here.working(*WORKERS),
    ):
        await synced(here)
        assert await here.stores.contacts.count("news") == 14

        await here.publish(CAMPAIGN)
        await here.until_status(CampaignStatus.DRAFT)
        await here.publish(TestRequested(campaign_id="spring", addresses=[TESTER], request_id="t1"))
        await here.publish(ReviewRequested(campaign_id="spring", confirmed_by="us"))
        reviewed = await here.until_status(CampaignStatus.REVIEWED)
        assert reviewed.report is not None
        assert reviewed.report.skipped == {"no_email": 1, "invalid_email": 1, "opted_out": 1, "duplicate": 1}
        assert reviewed.report.from_modules == {"Leads": len(LEADS), "Contacts": len(CONTACTS)}
        assert (reviewed.report.selected, reviewed.report.to_send) == (19, 15)
        assert await here.stores.contacts.count("news") == 15

        async def tested() -> bool:
            return catcher.accepted[TESTER] == 1

        await wait_until(tested, timeout_s=60, what="the test mail is there")
        del catcher.accepted[TESTER]
        await here.publish(SendRequested(campaign_id="spring", confirmed_by="us"))
        await here.until_status(CampaignStatus.SENT)
        books = await here.books()
        assert books.closed
        assert books.states == {
            EmailState.SENT: 13, EmailState.HARD_BOUNCED: 1, EmailState.FAILED: 1, EmailState.SKIPPED: 4
        }  # fmt: skip
        assert books.failures == {"user_unknown": 1, "spam_content": 1}
        await here.assert_each_once(catcher)
        sent = await here.rows(EmailState.SENT)
        assert {row.attempts for row in sent if row.address.startswith("defer-1")} == {2}
        assert {row.attempts for row in sent if row.address.startswith("p")} == {1}
        caught = {mail.recipient: message_from_bytes(mail.raw) for mail in catcher.mails}
        assert caught["p1@crm.example"]["Subject"] == "Hello Anna", "the later change of a record wins"
        assert {str(caught[row.address]["Message-ID"]) for row in sent} == {f"<{row.message_id}>" for row in sent}

        await here.publish(*twice_in_disorder(answers(sent)))
        expected = Summary(
            sent=13, delivered=12, hard_bounced=2, opened=3, not_opened=9, clicked=1, replied=1, complaints=1,
            unsubscribed=1, failed=1, skipped=4,
        )  # fmt: skip

        async def counted() -> bool:
            return await here.stores.emails.summary("spring") == expected

        await wait_until(counted, timeout_s=60, what=f"the summary is {expected}")
        assert await here.stores.parked.counts() == {}

        async def suppressed() -> bool:
            found = await here.stores.suppressions.of([row.contact_id for row in sent])
            return set(found) == {an_id(f"p{number}@crm.example") for number in (4, 5, 6)}

        await wait_until(suppressed, timeout_s=60, what="who bounced, complained or left is suppressed")
        assert (await here.books()).closed, "answers move no row of the sender's axis"


async def test_a_sync_that_is_initiated_again_changes_nothing(deployment: dict[str, str]) -> None:
    """R31, R32: idempotent, no duplicates; R8: nothing is synced before it is initiated."""
    async with (
        world(deployment, "record-changed", "sync-requested", smtp_port=1) as here,
        here.working("record-changed", "sync-requested"),
    ):
        contacts = here.stores.database["contacts"]
        await synced(here)
        before = await contacts.find().sort("_id").to_list(None)
        await here.publish(SyncRequested(sync_id="leads", mode=SyncMode.REINITIATE))
        await ended(here, 2)
        assert await contacts.find().sort("_id").to_list(None) == before
        run = await here.stores.sync_runs.latest("leads")
        assert run is not None
        assert run.counts["total"] == len(LEADS)
        assert run.counts["unchanged"] == 14
        assert not {"new", "updated"} & {name for name, count in run.counts.items() if count}
        sync = await here.stores.syncs.get("leads")
        assert sync is not None
        assert sync.status is SyncStatus.ACTIVE


async def test_who_unsubscribes_between_review_and_send_is_skipped(deployment: dict[str, str]) -> None:
    """D9, R71: eligibility is decided again when a batch is claimed; it never refuses Send."""
    names = (*SENDERS, "delivery-event")
    async with (
        Catcher(CatcherOptions()) as catcher,
        world(deployment, *names, smtp_port=catcher.port) as here,
        here.working(*names),
    ):
        rows = await here.reviewed(people(30))
        leaving = [event(row, EventType.UNSUBSCRIBED) for row in rows[::10]]
        await here.publish(*leaving)

        async def out() -> bool:
            found = await here.stores.contacts.load([row.contact_id for row in rows[::10]])
            return all(contact.opt_out is not None for contact in found.values())

        await wait_until(out, timeout_s=60, what="three have opted out")
        await here.publish(SendRequested(campaign_id="spring"))
        await here.until_status(CampaignStatus.SENT)
        books = await here.books()
        assert books.states == {EmailState.SENT: 27, EmailState.SKIPPED: 3}
        assert books.skips == {"opted_out": 3}
        await here.assert_each_once(catcher)


def moves(here: World) -> CampaignMoves:
    return CampaignMoves(here.stores.campaigns, here.stores.emails, here.stores.slices, now)


async def nobody_holds(here: World) -> None:
    async def free() -> bool:
        held = {SliceState.CLAIMED, SliceState.STARTED}
        return all(each.state not in held for each in await here.stores.slices.unfinished("spring"))

    await wait_until(free, timeout_s=60, what="workers let go of all batches")


async def test_a_campaign_that_is_paused_in_the_middle_stands_still_and_goes_on(deployment: dict[str, str]) -> None:
    """D7, R66."""
    async with (
        Catcher(CatcherOptions()) as catcher,
        world(deployment, *SENDERS, smtp_port=catcher.port, throttle__relay_per_s="150") as here,
        here.working(*SENDERS),
    ):
        await here.reviewed(people(600))
        await here.publish(SendRequested(campaign_id="spring"))
        await some_sent(catcher, 50)
        await moves(here).pause("spring", "wrong price?")
        await nobody_holds(here)
        paused, total = await here.books(), catcher.accepted.total()
        assert paused.balanced
        assert 0 < paused.open < 600
        assert paused.count(EmailState.SENT) == total
        await asyncio.sleep(3)  # longer than the scheduler waits before it offers a batch again
        assert catcher.accepted.total() == total
        await here.publish(*await moves(here).resume("spring"))
        await here.until_status(CampaignStatus.SENT)
        assert (await here.books()).states == {EmailState.SENT: 600}
        await here.assert_each_once(catcher)


async def test_a_campaign_that_is_cancelled_in_the_middle_still_has_balanced_books(deployment: dict[str, str]) -> None:
    """R75, X2."""
    async with (
        Catcher(CatcherOptions()) as catcher,
        world(deployment, *SENDERS, smtp_port=catcher.port, throttle__relay_per_s="150") as here,
        here.working(*SENDERS),
    ):
        await here.reviewed(people(600))
        await here.publish(SendRequested(campaign_id="spring"))
        await some_sent(catcher, 50)
        await moves(here).cancel("spring", "wrong price")

        async def settled() -> bool:
            return await moves(here).settle("spring")

        await wait_until(settled, timeout_s=60, what="the rest is skipped")
        books = await here.books()
        assert books.closed
        assert books.skips["cancelled"] + books.count(EmailState.SENT) == 600
        assert 50 <= books.count(EmailState.SENT) < 600
        await here.assert_each_once(catcher)
        assert (await here.campaign()).status is CampaignStatus.CANCELLED


async def test_two_send_workers_and_repeated_messages_send_nobody_twice(deployment: dict[str, str]) -> None:
    """X1: a message that came twice dies out, and a batch has one holder."""
    async with (
        Catcher(CatcherOptions()) as catcher,
        world(deployment, *SENDERS, smtp_port=catcher.port) as here,
        here.working("send-requested", "scheduler"),
        here.working("send-batch"),
        here.working("send-batch"),
    ):
        await here.reviewed(people(400))
        await here.publish(SendRequested(campaign_id="spring"))
        await some_sent(catcher, 1)
        await here.publish(*[SendBatch(campaign_id="spring", slice=number) for number in range(20)])
        await here.until_status(CampaignStatus.SENT)
        await here.assert_each_once(catcher)
        assert catcher.accepted.total() == 400
        owners = await here.stores.database["slices"].distinct("owner")
        assert len(owners) == 2, "both have worked"
