"""What others post, through the whole product: signed webhooks end in the ledger, and posted events in their stores."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Mapping
from dataclasses import replace

from cli.embedded.ports import any_free
from domain.email import EmailState
from tests.builders import an_outcome
from tests.integration.whole_way import people, settings_of, world
from tests.waiting import wait_until
from tests.web.payloads import SENDGRID_KEY, sendgrid, sendgrid_headers
from workers.resources import now

BATCH = "application/cloudevents-batch+json"


async def posted(port: int, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    """Status and text of the answer; 0 while nobody listens."""

    def ask() -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("POST", path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except ConnectionError:
            return 0, ""
        finally:
            connection.close()

    return await asyncio.to_thread(ask)


async def until_listening(port: int) -> None:
    async def answers() -> bool:
        return (await posted(port, "/v1/events", b"", {}))[0] != 0

    await wait_until(answers, timeout_s=60, what="the web process listens")


async def test_a_signed_webhook_ends_in_the_ledger_and_posted_events_in_their_stores(
    deployment: dict[str, str],
) -> None:
    """D13, and `campaigns token`: made and revoked by the command, believed by the process."""
    port = any_free()
    given = {"web__port": str(port), "webhooks__sendgrid_keys": SENDGRID_KEY}
    async with (
        world(deployment, "delivery-event", "module-described", smtp_port=1, **given) as here,
        here.working("web", "delivery-event", "module-described"),
    ):
        await until_listening(port)
        rows = await here.reviewed(people(2))
        await here.stores.emails.store([an_outcome(row, EmailState.SENT) for row in rows])
        batch = [
            sendgrid(timestamp=int(now().timestamp()), sg_event_id=row.id, **{"smtp-id": f"<{row.message_id}>"})
            for row in rows
        ]
        body = json.dumps(batch).encode()
        json_type = {"content-type": "application/json"}
        signed = sendgrid_headers(body, now()) | json_type
        assert (await posted(port, "/webhooks/sendgrid", body, json_type))[0] == 401
        assert (await posted(port, "/webhooks/sendgrid", body.replace(b"550", b"250"), signed))[0] == 403
        for _ in range(2):
            assert await posted(port, "/webhooks/sendgrid", body, signed) == (200, "ok\n")

        made = await here.run("token", "create", "crm", "--scope", "module-described", "--json")
        token = json.loads(made.out)
        headers = {"authorization": f"Bearer {token['token']}", "content-type": BATCH}
        events = [module_described(name) for name in ("Partners", "Members")]
        status, text = await posted(port, "/v1/events", json.dumps(events).encode(), headers)
        assert (status, json.loads(text)["accepted"]) == (202, 2)
        assert (await posted(port, "/v1/events", b"[", headers | {"content-length": str(100 << 20)}))[0] == 413

        async def recorded() -> bool:
            suppressed = await here.stores.suppressions.of([row.contact_id for row in rows])
            return len(suppressed) == 2

        async def described() -> bool:
            return {"Partners", "Members"} <= {module.name for module in await here.stores.modules.all()}

        await wait_until(recorded, timeout_s=60, what="both addresses are known to be dead")
        await wait_until(described, timeout_s=60, what="both modules are described")
        assert (await here.stores.emails.summary("spring")).hard_bounced == 2
        for row in rows:
            [event] = await here.stores.events.of_email(row.id)
            assert event.id == f"sendgrid:{row.id}"
        await here.run("token", "revoke", token["id"])
        assert "digest" not in (await here.run("token", "list", "--json")).out
        assert await here.stores.parked.counts() == {}


async def test_while_the_broker_is_away_everybody_is_told_to_come_again(deployment: dict[str, str]) -> None:
    port = any_free()
    given = {"web__port": str(port), "webhooks__sendgrid_keys": SENDGRID_KEY}
    async with world(deployment, "delivery-event", smtp_port=1, **given) as here:
        [row] = await here.reviewed(people(1))
        nowhere = f"amqp://guest:guest@127.0.0.1:{any_free()}/"
        without = replace(here, settings=settings_of({**here.environment, "CAMPAIGNS_AMQP__URL": nowhere}))
        body = json.dumps([sendgrid(**{"smtp-id": f"<{row.message_id}>"})]).encode()
        signed = sendgrid_headers(body, now()) | {"content-type": "application/json"}
        async with without.working("web"):
            await until_listening(port)
            assert (await posted(port, "/webhooks/sendgrid", body, signed))[0] == 503


def module_described(name: str) -> dict[str, object]:
    data = {
        "module": name,
        "label": name,
        "fields": [{"api_name": "Email", "label": "Email", "type": "email"}],
        "email_field": "Email",
    }
    at = now().isoformat()
    type_ = "campaigns.module-described.v1"
    return {"specversion": "1.0", "type": type_, "source": "/crm", "id": name, "time": at, "data": data}
