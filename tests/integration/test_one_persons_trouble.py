"""What goes wrong for one person stays with that person: values that a template fails on, addresses that are none."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from domain.campaign import CampaignStatus, Content, hash_of
from domain.contact import ContactField
from domain.email import EmailState
from messages.send_requested import SendRequested
from tests.builders import a_stamp
from tests.integration.scripted_relay import ScriptedRelay
from tests.integration.whole_way import SENDERS, World, people, world

SPRING = SendRequested(campaign_id="spring")
FAILING = Content(
    "Hello",
    html='<p>{{ 1200 // (visits | int) }}</p><a href="{{ unsubscribe_url }}">Unsubscribe</a>',
    text="{{ 1200 // (visits | int) }} {{ unsubscribe_url }}",
)


async def test_a_template_that_fails_for_one_person_fails_for_nobody_else(deployment: dict[str, str]) -> None:
    """That row is failed(content_error); the rest goes on, and the books balance."""
    async with (
        ScriptedRelay() as relay,
        world(deployment, *SENDERS, smtp_port=relay.port) as here,
        here.working(*SENDERS),
    ):
        rows = await here.reviewed(people(50))
        await rewritten(here, FAILING)
        await visited(here, {row.contact_id: "0" if number == 30 else "3" for number, row in enumerate(rows)})
        await here.publish(SPRING)
        await here.until_status(CampaignStatus.SENT)
        books = await here.books()
        [failed] = await here.rows(EmailState.FAILED)
    assert books.closed
    assert books.states == {EmailState.SENT: 49, EmailState.FAILED: 1}
    assert books.failures == {"content_error": 1}
    assert failed.address == rows[30].address
    assert sorted(relay.recipients) == sorted(row.address for row in rows if row is not rows[30])


async def rewritten(here: World, content: Content) -> None:
    found = replace(await here.campaign(), content=content)
    await here.stores.campaigns.save(replace(found, reviewed_hash=hash_of(found)), expected={CampaignStatus.REVIEWED})


async def visited(here: World, visits: dict[str, str]) -> None:
    contacts = (await here.stores.contacts.load(list(visits))).values()
    told = [replace(each, fields={"visits": ContactField(visits[each.id], a_stamp())}) for each in contacts]
    assert await here.stores.contacts.save(told) == frozenset()


HOSTILE = [
    "a b@crm.example", 'a"b@crm.example', '"a b"@crm.example', "a>@crm.example", "a\r\nRCPT TO:<evil@crm.example>",
    "a\nDATA\n", "a\x00@crm.example", "a@crm.example\r\nBcc: evil@crm.example", "a@crm.example> SIZE=1", "@", "",
    "a@crm .example", "a@crm\x7f.example", "\\@crm.example", "a,b@crm.example", "a@b@crm.example",
]  # fmt: skip


async def test_addresses_that_are_none_never_reach_the_wire(deployment: dict[str, str]) -> None:
    """However they came into the ledger: each row has failed with a reason, and the others are sent."""
    async with (
        ScriptedRelay() as relay,
        world(deployment, *SENDERS, smtp_port=relay.port) as here,
        here.working(*SENDERS),
    ):
        rows = await here.reviewed(people(40))
        spoiled = dict(zip((row.id for row in rows[10:]), HOSTILE, strict=False))
        for row_id, address in spoiled.items():
            await here.stores.database["emails"].update_one({"_id": row_id}, {"$set": {"address": address}})
        await here.publish(SPRING)
        await here.until_status(CampaignStatus.SENT)
        books = await here.books()
        failed = await here.rows(EmailState.FAILED)
    fine = [row.address for row in rows if row.id not in spoiled]
    assert sorted(relay.recipients) == sorted(fine)
    assert books.states == {EmailState.SENT: len(fine), EmailState.FAILED: len(HOSTILE)}
    assert {row.reason for row in failed} == {"content_error"}
    assert_clean(relay)


def assert_clean(relay: ScriptedRelay) -> None:
    """Nothing but the commands that we meant."""
    envelope = [line for line in relay.commands if line.upper().startswith((b"MAIL", b"RCPT"))]
    assert all(re.fullmatch(rb"(MAIL FROM|RCPT TO):<[!-~]+@[!-~]+>(?: [A-Z0-9=]+)*\r\n", line) for line in envelope)
    assert not any(b"\x00" in line or b"evil" in line for line in relay.commands)


@pytest.mark.parametrize("value", ["x\r\nBcc: evil@crm.example", "x\x00y", 'x" <evil@crm.example>', "\r\n.\r\nMAIL"])
async def test_values_of_a_person_stay_values(deployment: dict[str, str], value: str) -> None:
    """Subject, To and body: no header, no command and no recipient comes out of a merge value."""
    subject = Content("Hello {{ first_name }}", text="{{ first_name }} {{ unsubscribe_url }}")
    async with (
        ScriptedRelay() as relay,
        world(deployment, *SENDERS, smtp_port=relay.port) as here,
        here.working(*SENDERS),
    ):
        [row] = await here.reviewed(people(1))
        await rewritten(here, subject)
        [contact] = (await here.stores.contacts.load([row.contact_id])).values()
        named = replace(contact, fields={"first_name": ContactField(value, a_stamp())})
        await here.stores.contacts.save([named])
        await here.publish(SPRING)
        await here.until_status(CampaignStatus.SENT)
    assert relay.recipients == [row.address]
    [(_, _, raw)] = relay.mails
    assert b"\nBcc:" not in raw.partition(b"\r\n\r\n")[0]
    assert b"\x00" not in raw
    assert raw.count(b"\r\nTo: ") == 1
    assert_clean(relay)
