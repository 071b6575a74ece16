"""The `campaigns` command on real servers: what it prints, what it refuses, and with which exit code."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from domain.campaign import CampaignStatus
from domain.lists import MailingList
from domain.sync import SyncStatus
from tests.builders import a_campaign, a_record, a_sync
from tests.integration.typed import typed
from tests.integration.whole_way import Ran, World, people, world
from tests.quiet_logs import logs_as_before
from tests.waiting import wait_until

NOBODY = "127.0.0.1:1"
DOCUMENT = """\
campaign_id: spring
name: Spring news
sender: {name: Green Ltd, address: news@green.example}
content:
  subject: Hello
  text: |
    Hello
    {{ first_name }}
recipients:
  filters:
    Leads: City = "Rome"
  records:
    Leads: [0, 4]
list: news
information: {budget: 100}
"""


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    with logs_as_before():
        yield


async def ran(here: World, commands: Mapping[str, int]) -> dict[str, Ran]:
    """Each command; every one ends with its exit code, and without a traceback."""
    ended = {command: await typed(here, *command.split()) for command in commands}
    assert {command: each.code for command, each in ended.items()} == commands, ended
    assert [command for command, each in ended.items() if "Traceback" in each.err] == []
    return ended


async def shown(here: World, *arguments: str) -> Any:
    """The result of a command that prints JSON, and nothing else anywhere."""
    one = await typed(here, *arguments, "--json")
    assert (one.code, one.err) == (0, ""), one
    return json.loads(one.out)


async def test_a_draft_is_created_changed_and_shown(deployment: dict[str, str]) -> None:
    async with world(deployment, "campaign-saved", smtp_port=1) as here:
        await here.stores.lists.add(MailingList("news", "News"))
        made = await shown(
            here, "campaign", "create", "spring", "--subject", "Hello", "--from-address", "news@green.example",
            "--template", "newsletter", "--fill", "headline=Spring is here", "--module", "Leads",
        )  # fmt: skip
        assert (made["id"], made["status"], made["sender"]["name"]) == ("spring", "draft", "Green Ltd")
        assert "Spring is here" in made["content"]["html"]

        changed = await shown(here, "campaign", "edit", "spring", "--list", "news", "--record", "Contacts:7")
        assert (changed["list_id"], changed["content"]["subject"]) == ("news", "Hello")
        assert (changed["recipients"]["modules"], changed["recipients"]["refs"]) == (["Leads"], ["Contacts:7"])
        assert changed.pop("picked") == {"Contacts": 1, "Leads": 0}
        assert changed["content"]["html"] == made["content"]["html"]

        one = await shown(here, "campaign", "show", "spring")
        every = await shown(here, "campaign", "show")
        text = await typed(here, "campaign", "show", "spring")
        assert one["campaign"] == changed
        assert [step["state"] for step in one["whats_next"]] == ["done", "done", "done", "next", "later"]
        assert [entry["campaign"]["id"] for entry in every] == ["spring"]
        assert "4 Send for review campaigns campaign review spring" in text.text


async def test_a_document_is_applied_exported_and_applied_again(deployment: dict[str, str], tmp_path: Path) -> None:
    file, back = tmp_path / "spring.yaml", tmp_path / "back.yaml"
    file.write_text(DOCUMENT, encoding="utf-8")
    leads = [a_record(f"{number}", {"City": "Rome" if number < 3 else "Oslo"}) for number in range(5)]
    async with world(deployment, smtp_port=1) as here:
        await here.stores.records.save(leads)
        first = await typed(here, "campaign", "apply", str(file))
        made = await here.stores.campaigns.get("spring")
        again = await typed(here, "campaign", "apply", str(file))
        await typed(here, "campaign", "export", "spring", "--to", str(back))
        third = await typed(here, "campaign", "apply", str(back))
        assert await here.stores.campaigns.get("spring") == made
        file.write_text(DOCUMENT.replace("City =", "Citty ="), encoding="utf-8")
        wrong = await typed(here, "campaign", "apply", str(file))
        assert await here.stores.campaigns.get("spring") == made
    assert ([each.code for each in (first, again, third, wrong)]) == [0, 0, 0, 1]
    assert ("is created" in first.err, "says already" in again.err, "says already" in third.err) == (True, True, True)
    assert 'Leads 2 chosen, and those where City = "Rome" 4' in first.text
    assert "3 Associate list and topic: it lacks list news" in first.text
    assert f"{file} line 11: recipients.filters.Leads: filter, character 1: Leads has no field Citty" in wrong.err


async def test_what_cannot_be_done_is_refused_with_what_can(deployment: dict[str, str]) -> None:
    async with world(deployment, smtp_port=1) as here:
        await here.stores.campaigns.add(a_campaign("draft"))
        await here.stores.campaigns.add(a_campaign("over", status=CampaignStatus.SENT))
        ended = await ran(
            here,
            {
                "campaign create draft --subject x --from-address a@green.example": 1,
                "campaign edit over --name x": 1,
                "campaign review draft --yes": 1,
                "campaign review over --yes": 1,
                "campaign send draft --yes": 1,
                "campaign send over --yes": 1,
                "campaign pause draft": 1,
                "campaign unschedule draft": 1,
                "campaign test draft --to a@green.example --contact nobody@green.example": 1,
                "sync create leads --module Leads --list nowhere --topic nothing": 1,
                "import tests/cli/leads.csv --module Leads": 2,
            },
        )
    said = {command.partition(" -")[0]: each.text for command, each in ended.items()}
    assert "campaign draft exists; change it: campaigns campaign edit draft" in said["campaign create draft"]
    assert "campaigns list create news" in said["campaign review draft"]
    assert "have it reviewed first: campaigns campaign review draft" in said["campaign send draft"]
    assert "campaign over is sent and cannot be sent" in said["campaign send over"]
    assert "only a campaign that is sending can" in said["campaign pause draft"]
    assert "give --record MODULE:ID or --value FIELD=TEXT instead" in said["campaign test draft"]
    assert "campaigns list create nowhere" in said["sync create leads"]
    assert "campaigns topic create nothing" in said["sync create leads"]


async def test_what_is_not_there_is_said_by_every_command(deployment: dict[str, str], tmp_path: Path) -> None:
    csv = tmp_path / "people.csv"
    csv.write_text("id,Email\n1,a@crm.example\n")
    async with world(deployment, smtp_port=1) as here:
        ended = await ran(
            here,
            {
                "campaign show nowhere": 1,
                "campaign summary nowhere --json": 1,
                "campaign stop nowhere --yes": 1,
                "campaign reopen nowhere": 1,
                "explain nowhere ann@crm.example": 1,
                "sync show nowhere": 1,
                "sync initiate nowhere": 1,
                "template show nowhere": 1,
                f"import {csv} --module Nowhere": 1,
            },
        )
    assert [each.out for each in ended.values()] == [""] * len(ended)
    assert [command for command, each in ended.items() if "there is no " not in each.text] == []


async def test_results_are_json_and_nothing_else(deployment: dict[str, str]) -> None:
    async with world(deployment, smtp_port=1) as here:
        await here.reviewed(people(3))
        await here.stores.lists.add(MailingList("news", "News"))
        status = await shown(here, "status")
        lists = await shown(here, "list", "show")
        topics = await shown(here, "topic", "show")
        summary = await shown(here, "campaign", "summary", "spring")
        person = await shown(here, "explain", "spring", "nobody@crm.example")
        templates = await shown(here, "template", "list", "--search", "newsletter")
        declared = await shown(here, "init")
    assert {queue["queue"] for queue in status["queues"]} >= {"record-changed", "send-batch.urgent"}
    assert [one["campaign"]["id"] for one in status["campaigns"]] == ["spring"]
    assert (lists, topics) == ([{"id": "news", "name": "News", "message": "", "type": "marketing", "members": 0}], [])
    assert (summary["status"], summary["books"]["states"]) == ("reviewed", {"planned": 3})
    assert (person["campaign"]["id"], person["rows"]) == ("spring", [])
    assert [template["name"] for template in templates] == ["newsletter"]
    assert declared["queues"] > 10


async def test_a_fresh_deployment_says_what_to_begin_with(deployment: dict[str, str]) -> None:
    async with world(deployment, "scheduler", smtp_port=1) as here:
        ended = await ran(here, dict.fromkeys(["status", "campaign show", "list show", "sync show", "topic show"], 0))
    assert "There are no queues yet: `campaigns init` declares them." in ended["status"].text
    for command, fix in {"campaign": "create --help", "list": "create LIST", "sync": "create --help"}.items():
        assert f"`campaigns {command} {fix}`" in ended[f"{command} show"].text


async def test_nothing_is_locked_sent_or_ended_that_nobody_confirmed(
    deployment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CAMPAIGNS_ASSUME_YES", "CI"):
        monkeypatch.delenv(name, raising=False)
    async with world(deployment, smtp_port=1) as here:
        await here.reviewed(people(2))
        ended = await ran(here, {"campaign send spring": 1, "campaign cancel spring": 1})
        assert (await here.campaign()).status is CampaignStatus.REVIEWED
    assert all("campaign spring stays reviewed: nobody confirmed; --yes does" in each.text for each in ended.values())


async def test_a_campaign_is_scheduled_and_taken_off_the_schedule(deployment: dict[str, str]) -> None:
    async with world(deployment, "send-requested", smtp_port=1) as here, here.working("send-requested"):
        await here.reviewed(people(2))
        planned = await shown(here, "campaign", "send", "spring", "--at", "2999-01-01T09:00:00", "--yes")
        assert (planned["status"], planned["send_at"]) == ("scheduled", "2999-01-01T09:00:00Z")
        reviewed = await shown(here, "campaign", "unschedule", "spring")
        assert (reviewed["status"], reviewed["send_at"]) == ("reviewed", None)


async def test_a_request_that_a_worker_parks_is_told_with_its_reason(deployment: dict[str, str]) -> None:
    async with world(deployment, "sync-requested", smtp_port=1) as here, here.working("sync-requested"):
        await here.stores.syncs.save(a_sync(topics=("gone",), status=SyncStatus.DRAFT))
        one = await typed(here, "sync", "initiate", "leads")
    assert (one.code, one.out) == (1, "")
    assert "topics: gone is not known; `campaigns topic create gone`" in one.text


async def test_who_stops_watching_stops_nothing_else(deployment: dict[str, str]) -> None:
    async with world(deployment, "send-requested", smtp_port=1) as here:
        await here.reviewed(people(2))
        process = await here.start("campaign", "send", "spring", "--yes")

        async def asked() -> bool:
            queues = (await shown(here, "status"))["queues"]
            return any(queue["waiting"] for queue in queues)

        await wait_until(asked, timeout_s=60, what="the request is in its queue")
        process.send_signal(signal.SIGINT)
        out, err = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, out) == (130, b"")
    assert "You stopped watching; the workers go on." in err.decode()


async def test_a_sync_can_be_changed_at_any_time(deployment: dict[str, str]) -> None:
    async with world(deployment, "sync-requested", smtp_port=1) as here:
        await here.stores.lists.add(MailingList("news", "News"))
        await here.stores.syncs.save(a_sync())
        changed = await shown(here, "sync", "edit", "leads", "--map", "City=city", "--unmap", "Last_Name")
        assert changed["field_map"] == {"First_Name": "first_name", "City": "city"}
        assert (changed["map_version"], changed["status"], changed["lists"]) == (2, "active", ["news"])
        refused = await typed(here, "sync", "edit", "leads", "--map", "Owner=owner")
        assert (refused.code, "map.Owner" in refused.text) == (1, True)


async def test_servers_that_are_away_and_wrong_settings_have_codes_of_their_own(deployment: dict[str, str]) -> None:
    async with world(deployment, smtp_port=1) as here:
        short = here.with_settings(mongo__timeout_s="0.3")
        await ran(here, {"check": 3})
        deaf = await ran(here.with_settings(amqp__url=f"amqp://{NOBODY}/"), {"status": 3})
        storeless = await ran(short.with_settings(mongo__url=f"mongodb://{NOBODY}/"), {"campaign show": 3})
        wrong = await ran(here.with_settings(smtp__port="no", web__public="x"), {"list show": 2, "worker all": 2})
        ours = await ran(here, {"up": 2})
    assert "`campaigns check` says what is away" in deaf["status"].text
    assert "MongoDB does not answer" in storeless["campaign show"].text
    for each in wrong.values():
        assert "CAMPAIGNS_SMTP__PORT: " in each.text
        assert "CAMPAIGNS_WEB__PUBLIC: there is no such setting" in each.text
    assert "campaigns init" in ours["up"].text
