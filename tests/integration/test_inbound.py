"""Mail that comes back through the whole product: from another mail server's connection to the rows it is about."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from cli.embedded.ports import any_free
from domain.campaign import CampaignStatus
from domain.eligibility import SuppressionReason
from domain.email import Email, EmailState
from domain.inbound_addresses import Purpose, address_for
from messages.send_requested import SendRequested
from tests.builders import an_email, an_outcome
from tests.handlers.inbound_mails import arf, dsn, letter
from tests.integration.certificates import self_signed
from tests.integration.private_postfix import postfix
from tests.integration.smtp_client import connected
from tests.integration.whole_way import SENDERS, World, people, settings_of, world
from tests.integration.worker_process import process
from tests.waiting import wait_until
from workers.options import signing_keys

DOMAIN = "bounces.green.example"
LISTENING = "inbound_listening"
NAMES = ("p1", "p2", "gone", "quota")
REPORTED = ("gone", "quota")


def to(here: World, purpose: Purpose, row: Email) -> str:
    return address_for(purpose, row.id, DOMAIN, signing_keys(here.settings))


async def sent(here: World, count: int) -> Sequence[Email]:
    """A campaign whose mails were all taken by the relay."""
    rows = await here.reviewed(people(count))
    await here.stores.emails.store([an_outcome(row, EmailState.SENT) for row in rows])
    return rows


async def suppressed(here: World, rows: Sequence[Email]) -> dict[str, frozenset[SuppressionReason]]:
    found = await here.stores.suppressions.of([row.contact_id for row in rows])
    return {row.address: found[row.contact_id] for row in rows if row.contact_id in found}


@asynccontextmanager
async def deployed(deployment: dict[str, str], **changes: str) -> AsyncIterator[tuple[World, int]]:
    """A deployment with the port that its inbound workers share."""
    port = any_free()
    given = {"inbound__port": str(port), "web__bounce_domain": DOMAIN, **changes}
    async with world(deployment, "delivery-event", smtp_port=1, **given) as here:
        yield here, port


async def test_what_comes_back_twice_and_encrypted_ends_once_in_the_right_rows(
    deployment: dict[str, str], tmp_path: Path
) -> None:
    """R81, D13, D6: two processes on one port; a forged bounce suppresses nobody; SIGTERM loses nothing."""
    pem = self_signed(tmp_path, "localhost")
    async with (
        deployed(deployment, inbound__certificate_file=str(pem), inbound__share_port="true") as (here, port),
        process(here, "inbound", "delivery-event") as first,
        process(here, "inbound") as second,
    ):
        await first.until(LISTENING)
        await second.until(LISTENING)
        rows = await sent(here, 8)
        mails = [
            (dsn(rows[0].address), to(here, Purpose.BOUNCE, rows[0])),
            (dsn(rows[1].address, status="5.2.2", said="552 5.2.2 mailbox full"), to(here, Purpose.BOUNCE, rows[1])),
            (arf(), to(here, Purpose.FEEDBACK, rows[2])),
            (letter("x"), to(here, Purpose.UNSUBSCRIBE, rows[3])),
            (letter("Tell me more."), to(here, Purpose.REPLY, rows[4])),
            (dsn("else@where.example"), to(here, Purpose.BOUNCE, rows[5])),
            (dsn(rows[6].address, returned={"Message-ID": f"<{rows[6].message_id}>"}), f"postmaster@{DOMAIN}"),
            (dsn(rows[7].address), f"postmaster@{DOMAIN}"),
        ]
        for raw, recipient in [*mails, *mails]:
            async with connected(port) as client:
                await client.starttls(pem)
                assert (await client.mail(raw, recipient)).startswith("250"), recipient
        async with connected(port) as client:
            forged = to(here, Purpose.BOUNCE, an_email("p7@crm.example", "spring", occurrence=3))
            assert (await client.envelope(forged[:-30] + "aaaa" + forged[-26:])).startswith("550")
            await client.says("RSET")
            assert (await client.envelope("p7@crm.example")).startswith("554")

        async def told() -> bool:
            found = [event for row in rows for event in await here.stores.events.of_email(row.id)]
            return len(found) == 7

        await wait_until(told, timeout_s=60, what="seven mails are told of, each once")
        assert await suppressed(here, rows) == {
            rows[0].address: {SuppressionReason.HARD_BOUNCED},
            rows[2].address: {SuppressionReason.COMPLAINED},
            rows[3].address: {SuppressionReason.UNSUBSCRIBED},
        }
        summary = await here.stores.emails.summary("spring")
        assert (summary.sent, summary.hard_bounced, summary.soft_bounced) == (8, 1, 3)
        assert (summary.complaints, summary.unsubscribed, summary.replied) == (1, 1, 1)
        [kept] = await here.stores.unattributed.of_contact(rows[7].contact_id)
        assert (kept.kind, kept.why) == ("bounce", "no_token")
        assert rows[7].address not in first.said + second.said, "logs hold no address"
        await second.stopped()
        async with connected(port) as client:
            assert client.greeting.startswith("220"), "the other process goes on"
        assert await here.stores.parked.counts() == {}


async def test_nothing_is_taken_while_the_broker_is_away(deployment: dict[str, str]) -> None:
    async with deployed(deployment) as (here, port):
        [row] = await sent(here, 1)
        nowhere = f"amqp://guest:guest@127.0.0.1:{any_free()}/"
        without = replace(here, settings=settings_of({**here.environment, "CAMPAIGNS_AMQP__URL": nowhere}))
        async with without.working("inbound"):
            assert await answered(port, here, row) == "451"
        async with here.working("inbound", "delivery-event"):

            async def taken() -> bool:
                return await answered(port, here, row) == "250"

            async def bounced() -> bool:
                return bool(await suppressed(here, [row]))

            await wait_until(taken, timeout_s=60, what="the report is taken when the broker is there")
            await wait_until(bounced, timeout_s=60, what="and has its effect")


async def answered(port: int, here: World, row: Email) -> str:
    """The code that a report about this email ends with, once somebody listens."""

    async def listening() -> bool:
        try:
            async with connected(port) as client:
                return client.greeting.startswith("220")
        except OSError:
            return False

    await wait_until(listening, timeout_s=60, what="the inbound server listens")
    async with connected(port) as client:
        begun = await client.says("MAIL FROM:<>")
        if not begun.startswith("250"):
            return begun[:3]
        await client.says("RSET")
        return (await client.mail(dsn(row.address), to(here, Purpose.BOUNCE, row)))[:3]


async def test_the_reports_of_a_real_postfix_end_in_the_right_rows(deployment: dict[str, str], tmp_path: Path) -> None:
    """It takes all four mails, then finds one user unknown and one mailbox full, and says so by mail (R81, D13)."""
    port = any_free()
    given = {"inbound__port": str(port), "web__bounce_domain": "bounces.x.example"}
    with postfix(self_signed(tmp_path, "localhost"), reports_port=port) as relay:
        async with (
            world(deployment, *SENDERS, "delivery-event", smtp_port=relay.late_port, **given) as here,
            here.working(*SENDERS, "delivery-event", "inbound"),
        ):
            rows = {row.address: row for row in await here.reviewed([f"{n}@x.example" for n in NAMES])}
            await here.publish(SendRequested(campaign_id="spring", confirmed_by="us"))
            await here.until_status(CampaignStatus.SENT)

            async def told() -> bool:  # events are stored after all that they change
                return all([await here.stores.events.of_email(rows[f"{name}@x.example"].id) for name in REPORTED])

            await wait_until(told, timeout_s=60, what=f"both reports are told of: {relay.log[-1500:]}")
            found = {}
            for name in REPORTED:
                [event] = await here.stores.events.of_email(rows[f"{name}@x.example"].id)
                found[name] = (event.event, (event.evidence or {}).get("reason"), (event.evidence or {}).get("source"))
            assert found == {"gone": ("bounced", "user_unknown", "dsn"), "quota": ("bounced", "mailbox_full", "dsn")}
            summary = await here.stores.emails.summary("spring")
            assert (summary.sent, summary.hard_bounced, summary.soft_bounced) == (4, 1, 1)
            assert await suppressed(here, list(rows.values())) == {"gone@x.example": {SuppressionReason.HARD_BOUNCED}}
            assert await here.stores.parked.counts() == {}
