"""Bad input: what is wrong is said in words to whoever sent it, and nothing around it is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import aio_pika
import pytest

from domain.campaign import CampaignStatus
from gateways.catcher import Catcher, CatcherOptions
from messages.base import FEED, Message
from messages.delivery_event import DeliveryEvent, EventType
from messages.envelope import envelope, pack
from messages.record_changed import RecordChanged
from messages.review_requested import ReviewRequested
from messages.send_requested import SendRequested
from tests.builders import NOW, a_campaign, a_list, a_topic
from tests.integration.whole_way import World, people, world
from tests.waiting import wait_until
from workers.resources import new_id


def event(message: Message) -> bytes:
    return pack(envelope(message, id=new_id(), time=NOW))


def record(number: str, module: str = "Leads") -> RecordChanged:
    fields = {"Email": f"{number}@crm.example"}
    return RecordChanged(module=module, record_id=number, operation="create", fields=fields, changed_at=NOW)


@dataclass(frozen=True)
class Case:
    """A bad message between two good ones."""

    worker: str
    bad: bytes
    reason: str
    says: str  #: part of what the publisher is told
    good: Sequence[bytes]
    handled: Callable[[World], Awaitable[bool]]  #: whether the good ones were
    given: Callable[[World], Awaitable[object]] | None = None


async def both_records(here: World) -> bool:
    return set(await here.stores.records.load({"Leads:a", "Leads:b"})) == {"Leads:a", "Leads:b"}


async def nothing_given(here: World) -> None:
    return None


async def two_drafts(here: World) -> None:
    await here.stores.lists.add(a_list())
    await here.stores.topics.add(a_topic())
    for name in ("one", "two"):
        await here.stores.campaigns.add(a_campaign(name))


async def both_rejected(here: World) -> bool:
    """Nobody is in the CRM, so that no review has anybody to send to."""
    return await here.statuses("one", "two") == {CampaignStatus.REJECTED}


async def two_reviewed_and_a_draft(here: World) -> None:
    for name in ("one", "two"):
        await here.reviewed([f"{name}@crm.example"], name)
    await here.stores.campaigns.add(a_campaign("draft"))


async def both_sending(here: World) -> bool:
    return await here.statuses("one", "two") == {CampaignStatus.SENDING}


async def both_rows_opened(here: World) -> bool:
    return (await here.stores.emails.summary("one")).opened + (await here.stores.emails.summary("two")).opened == 2


def opened(campaign_id: str) -> bytes:
    """By the person that `two_reviewed_and_a_draft` planned."""
    return event(
        DeliveryEvent(
            event_id=f"open-{campaign_id}", event=EventType.OPENED, campaign_id=campaign_id,
            address=f"{campaign_id}@crm.example", occurred_at=NOW,
        )
    )  # fmt: skip


def changed(message: Message, **attributes: object) -> bytes:
    """An event with other envelope attributes."""
    return json.dumps(json.loads(event(message)) | attributes).encode()


RECORDS = [event(record("a")), event(record("b"))]
CASES = {
    "an unparsable body": Case(
        "record-changed", b"{'module': 'Leads'", "invalid_message", "body: Invalid JSON", RECORDS, both_records
    ),
    "bytes that are no text": Case(
        "record-changed", b"\xff\xfe\x00", "invalid_message", "body: Invalid JSON", RECORDS, both_records
    ),
    "fields that break the contract": Case(
        "record-changed",
        changed(record("x"), data={"module": "Leads", "record_id": 7, "operation": "paint"}),
        "invalid_message",
        "record_id: Input should be a valid string; operation: Input should be 'create', 'update', 'delete'",
        RECORDS,
        both_records,
    ),
    "a wrong type in the envelope": Case(
        "record-changed",
        changed(record("x"), type="campaigns.send-requested.v1"),
        "invalid_message",
        "type: 'campaigns.send-requested.v1' came to the queue of 'campaigns.record-changed.v1'",
        RECORDS,
        both_records,
    ),
    "an unknown module": Case(
        "record-changed",
        event(record("x", module="Dragons")),
        "unknown_module",
        "module: Dragons is not known; describe it with a module-described message",
        RECORDS,
        both_records,
    ),
    "a body that is too large": Case(
        "record-changed",
        changed(record("x"), data={"module": "x" * 1_100_000}),
        "invalid_message",
        "at most 1048576 are read",
        RECORDS,
        both_records,
    ),
    "an unknown campaign": Case(
        "review-requested",
        event(ReviewRequested(campaign_id="nowhere")),
        "unknown_campaign",
        "campaign nowhere is not stored; `campaigns campaign show` lists all",
        [event(ReviewRequested(campaign_id=name)) for name in ("one", "two")],
        both_rejected,
        two_drafts,
    ),
    "a campaign in the wrong state": Case(
        "send-requested",
        event(SendRequested(campaign_id="draft")),
        "illegal_transition",
        "campaign draft is draft and cannot be sent; have it reviewed first: campaigns campaign review draft",
        [event(SendRequested(campaign_id=name)) for name in ("one", "two")],
        both_sending,
        two_reviewed_and_a_draft,
    ),
    "an event for an email that is in no ledger": Case(
        "delivery-event",
        opened("three"),
        "unknown_email",
        "in no ledger: three:",
        [opened("one"), opened("two")],
        both_rows_opened,
        two_reviewed_and_a_draft,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_it_is_parked_and_its_publisher_told_and_the_others_go_on(deployment: dict[str, str], case: Case) -> None:
    queues = (case.worker, "send-batch") if case.worker == "send-requested" else (case.worker,)
    async with world(deployment, *queues, smtp_port=1) as here:
        await (case.given or nothing_given)(here)
        async with await aio_pika.connect(deployment["CAMPAIGNS_AMQP__URL"]) as connection:
            channel = await connection.channel()
            listener = await channel.declare_queue("publisher", exclusive=True)
            await listener.bind(FEED, "message-refused")
            for body in (case.good[0], case.bad, case.good[1]):
                await here.publish_body(case.worker, body)
            async with here.working(case.worker):
                parked = await here.parked(case.worker)
                await wait_until(lambda: case.handled(here), timeout_s=60, what="the good messages are handled")
                refused = await listener.get(timeout=10)
    assert parked.reason == case.reason
    assert case.says in parked.error
    assert parked.body == case.bad, "it is kept whole"
    assert refused is not None
    told = json.loads(refused.body)["data"]
    assert (told["refused_queue"], told["reason"]) == (case.worker, case.reason)
    assert case.says in told["error"]
    assert told["message_id"] == parked.message_id


async def test_a_batch_of_a_deleted_campaign_is_parked_and_no_other_campaign_waits_for_it(
    deployment: dict[str, str],
) -> None:
    async with (
        Catcher(CatcherOptions()) as catcher,
        world(deployment, "send-requested", "send-batch", "scheduler", smtp_port=catcher.port) as here,
    ):
        await here.reviewed(["gone@crm.example"], "deleted")
        await here.reviewed(people(30))
        async with here.working("send-requested"):
            await here.publish(SendRequested(campaign_id="deleted"), SendRequested(campaign_id="spring"))
            await here.until_status(CampaignStatus.SENDING, "deleted")
        await here.stores.database["campaigns"].delete_one({"_id": "deleted"})
        async with here.working("send-requested", "send-batch", "scheduler"):
            parked = await here.parked("send-batch")
            await here.until_status(CampaignStatus.SENT)
        assert (parked.reason, parked.error) == ("unknown_campaign", "campaign deleted is not stored")
        await here.assert_each_once(catcher)
        assert catcher.accepted.total() == 30


CSV = """record_id,First_Name,Email,Modified_Time
1,"Ann
Lee",ann@crm.example,2026-03-02T09:00:00Z
2,Bob,bob@crm.example,yesterday
,Cy,cy@crm.example,2026-03-02T09:00:00Z
4,Dora,dora@crm.example
5,Eve,eve@crm.example,2026-03-02T09:00:00Z,extra,cells
6,Fay,fay@crm.example,2026-03-02T09:00:00Z
"""


async def test_an_import_lists_bad_rows_and_the_good_ones_go_on(deployment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "leads.csv"
    file.write_text(CSV)
    async with (
        world(deployment, "record-changed", "snapshot-finished", smtp_port=1) as here,
        here.working("record-changed"),
    ):
        ran = await here.run("import", str(file), "--module", "Leads")
        assert ran.code == 1
        assert ran.err.splitlines() == [
            "row 3, column Modified_Time: 'yesterday' is not a time such as 2026-11-23T09:30:00Z",
            "row 4, column record_id: is empty",
            "row 5, column Modified_Time: the row ends before this column",
            "row 6, column (after the last): 2 more cells than the header has columns",
        ]
        assert ran.out.strip() == "2 records of Leads published, 4 rows refused."

        async def stored() -> bool:
            return set(await here.stores.records.load({"Leads:1", "Leads:6"})) == {"Leads:1", "Leads:6"}

        await wait_until(stored, timeout_s=60, what="the good rows are stored")
        assert await here.stores.records.count("Leads") == 2


async def test_commands_refuse_bad_input_with_words_and_an_exit_code(
    deployment: dict[str, str], tmp_path: Path
) -> None:
    """1: refused, 2: wrong usage. Nothing is published."""
    csv, latin = tmp_path / "leads.csv", tmp_path / "latin.csv"
    csv.write_text("Name,City\nAnn,Lund\n")
    latin.write_bytes("record_id,Email,City\n1,ann@crm.example,Malmö\n".encode("latin-1"))
    bad = tmp_path / "event.json"
    bad.write_text('{"module": "Leads"}')
    async with world(deployment, "send-requested", "record-changed", smtp_port=1) as here:
        await here.stores.campaigns.add(a_campaign())
        commands: list[tuple[list[str], int, str]] = [
            (["campaign", "send", "spring", "--yes"], 1, "campaign spring is draft and cannot be sent; have it"),
            (
                ["import", str(csv), "--module", "Leads"],
                1,
                "row 1: no column record_id or id, and no email address to tell the records apart; there are: Name, C",
            ),
            (
                ["import", str(latin), "--module", "Leads", "--encoding", "utf-8"],
                1,
                "the file is not UTF-8; save it as CSV UTF-8",
            ),
            (["publish", "record-changed", str(bad)], 1, "message 1: record_id: Field required; operation: Field req"),
            (["worker", "painter"], 2, "no such worker: painter"),
        ]
        ran = await asyncio.gather(*(here.run(*arguments) for arguments, _, _ in commands))
        for (arguments, code, says), one in zip(commands, ran, strict=True):
            assert (one.code, "Traceback" in one.err) == (code, False), (arguments, one)
            assert says in one.text, (arguments, one)
        async with await aio_pika.connect(deployment["CAMPAIGNS_AMQP__URL"]) as connection:
            channel = await connection.channel()
            for name in ("send-requested", "record-changed"):
                queue = await channel.declare_queue(name, passive=True)
                assert queue.declaration_result.message_count == 0


async def test_wrong_settings_are_all_named_at_once(deployment: dict[str, str]) -> None:
    async with world(deployment, "send-requested", smtp_port=1) as here:
        wrong = here.with_settings(sending__lease_s="soon", smtp__prot="25", smtp__tls="maybe")
        ran = await wrong.run("check")
    assert ran.code == 2
    assert "CAMPAIGNS_SENDING__LEASE_S: Input should be a valid number" in ran.text
    assert "CAMPAIGNS_SMTP__PROT: there is no such setting; did you mean CAMPAIGNS_SMTP__PORT?" in ran.text
    assert "CAMPAIGNS_SMTP__TLS: Input should be 'auto', 'none', 'starttls' or 'implicit'" in ran.text
