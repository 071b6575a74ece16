"""A custom module on its whole way on real servers: described, synced, mapped anew, backfilled, paused, deleted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.lists import MailingList
from domain.sync import SyncStatus
from messages.record_changed import RecordChanged
from tests.builders import a_run, a_sync, an_id, later
from tests.integration.typed import typed
from tests.integration.whole_way import Ran, World, world
from tests.quiet_logs import logs_as_before
from tests.waiting import wait_until

WORKERS = ("record-changed", "module-described", "sync-requested")
DRAGONS = {
    "module": "Dragons",
    "label": "Dragon owners",
    "fields": [
        {"api_name": "First_Name", "label": "First Name", "type": "text"},
        {"api_name": "Fire_Mail", "label": "Fire mail", "type": "email"},
        {"api_name": "Lair", "label": "Lair", "type": "picklist"},
        {"api_name": "Owner", "label": "Owner", "type": "ownerlookup"},
    ],
}


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    with logs_as_before():
        yield


def a_dragon(number: int, *, version: int = 1, **fields: Any) -> RecordChanged:
    told = {"Fire_Mail": f"d{number}@crm.example", "First_Name": f"D{number}", "Lair": "Erebor", **fields}
    return RecordChanged(
        module="Dragons", record_id=str(number), operation="update", complete=True,
        fields=told, source_version=version, changed_at=later(version),
    )  # fmt: skip


async def shown(here: World, *arguments: str) -> Any:
    one = await typed(here, *arguments, "--json")
    assert one.code == 0, one
    return json.loads(one.out)


async def refused(here: World, *arguments: str) -> str:
    one = await typed(here, *arguments)
    assert one.code == 1, one
    return one.text


async def stored(here: World, *events: RecordChanged) -> None:
    """Published, and kept with the records."""
    await here.publish(*events)

    async def kept() -> bool:
        found = await here.stores.records.load([event.to_change().ref for event in events])
        versions = {ref: record.version for ref, record in found.items()}
        return all(versions.get(event.to_change().ref) == event.to_change().version for event in events)

    await wait_until(kept, timeout_s=60, what="the events are stored")


async def values_of(here: World, number: int) -> dict[str, Any]:
    key = an_id(f"d{number}@crm.example")
    return (await here.stores.contacts.load([key]))[key].values()


async def lines(here: World, *arguments: str) -> list[str]:
    one = await typed(here, *arguments, "--csv")
    assert one.code == 0, one
    return one.out.splitlines()


async def test_a_custom_module_from_its_description_to_the_deleted_sync(
    deployment: dict[str, str], tmp_path: Path
) -> None:
    """R8-R33, D1, D5."""
    described, half = tmp_path / "dragons.json", tmp_path / "half.json"
    described.write_text(json.dumps(DRAGONS))
    half.write_text(json.dumps({**DRAGONS, "fields": DRAGONS["fields"][:2]}))
    async with world(deployment, *WORKERS, smtp_port=1) as here, here.working(*WORKERS):
        assert "module: Dragons is not known" in await refused(here, "sync", "create", "dragons", "--module", "Dragons")

        await shown(here, "module", "describe", str(described))
        assert (await shown(here, "module", "show", "Dragons"))["email_field"] == "Fire_Mail"
        assert [each["name"] for each in await shown(here, "module", "list")] == ["Contacts", "Dragons", "Leads"]
        create = ("sync", "create", "dragons", "--module", "Dragons")
        assert "there is no list news" in await refused(here, *create, "--list", "news")
        create = (*create, "--new-list", "news")
        assert "map.Owner" in await refused(here, *create, "--map", "Owner=owner")
        assert await here.stores.lists.get("news") is None
        made = await shown(here, *create)
        assert await here.stores.lists.get("news") == MailingList("news", "news")  # R11
        assert "news is there already" in await refused(here, "sync", "create", "d2", *create[3:])
        assert (made["field_map"], made["status"]) == ({"First_Name": "first_name"}, "draft")

        skips = [a_dragon(4, Fire_Mail=""), a_dragon(5, Email_Opt_Out=True)]
        await stored(here, *(a_dragon(number) for number in range(4)), *skips)
        assert await here.stores.contacts.count("news") == 0  # R16: only with Initiate
        run = await shown(here, "sync", "initiate", "dragons")
        assert run["counts"] == {"total": 6, "new": 4, "skipped.no_email": 1, "skipped.opted_out": 1}
        assert await lines(here, "sync", "skipped", "dragons") == [
            "record,address,why,instead", "Dragons:4,,no_email,", "Dragons:5,d5@crm.example,opted_out,",
        ]  # fmt: skip
        assert await lines(here, "sync", "skipped", "dragons", "--reason", "no_email") == [
            "record,address,why,instead", "Dragons:4,,no_email,",
        ]  # fmt: skip

        assert "Den not on the map" in await refused(here, "sync", "edit", "dragons", "--unmap", "Den")
        assert "Den not on the map" in await refused(here, "sync", "lacking", "dragons", "--field", "Den")
        await shown(here, "sync", "edit", "dragons", "--map", "Lair=lair")
        await stored(here, a_dragon(0, version=2))
        assert "lair" in await values_of(here, 0)  # R30
        assert [line.split(",")[0] for line in (await lines(here, "sync", "lacking", "dragons"))[1:]] == [
            "Dragons:1", "Dragons:2", "Dragons:3", "Dragons:5",
        ]  # fmt: skip
        filled = await shown(here, "sync", "backfill", "dragons", "--fields", "Lair")
        assert filled["counts"] == {"total": 5, "updated": 3, "unchanged": 1, "skipped.opted_out": 1}
        assert await values_of(here, 3) == {"first_name": "D3", "lair": "Erebor"}
        assert "Nobody lacks a field" in (await typed(here, "sync", "lacking", "dragons")).text

        paused = await shown(here, "sync", "pause", "dragons")
        assert paused["status"] == "paused"
        assert "campaigns sync resume dragons" in await refused(here, "sync", "initiate", "dragons")
        await stored(here, a_dragon(1, version=2, Lair="Dale"), a_dragon(7))
        assert (await values_of(here, 1))["lair"] == "Erebor"
        assert await here.stores.contacts.count("news") == 4
        await shown(here, "sync", "resume", "dragons")
        assert (await values_of(here, 1))["lair"] == "Dale"
        assert await here.stores.contacts.count("news") == 5

        told = await shown(here, "module", "describe", str(half))
        assert "map.Lair: Dragons has no such field" in told["problems"]["dragons"][0]
        assert "map.Lair" in (await typed(here, "sync", "show")).text
        assert "map.Lair" in await refused(here, "sync", "initiate", "dragons", "--again")

        counts = await shown(here, "sync", "delete", "dragons", "--dry-run")
        assert counts == {"total": 7, "left.news": 5}
        assert await here.stores.contacts.count("news") == 5
        await shown(here, "sync", "delete", "dragons", "--yes")
        assert await here.stores.contacts.count("news") == 0
        assert await here.stores.syncs.get("dragons") is None
        assert await values_of(here, 3) == {"first_name": "D3", "lair": "Erebor"}
        history = await shown(here, "sync", "runs", "dragons")
        assert [each["mode"] for each in history] == ["delete", "resume", "backfill", "initiate"]
        assert {each["state"] for each in history} == {"done"}


async def test_a_sync_that_waits_for_another_one_is_told_so(
    deployment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run at a time per module and list; nothing is lost meanwhile."""
    monkeypatch.setattr("cli.follow.PATIENCE_S", 1.0)
    async with world(deployment, *WORKERS, smtp_port=1) as here:
        async with here.working("record-changed"):
            leads = RecordChanged(
                module="Leads",
                record_id="1",
                operation="create",
                fields={"Email": "a@crm.example"},
                changed_at=later(1),
            )
            await stored(here, leads)
        first = await here.stores.syncs.save(a_sync())
        await here.stores.syncs.save(a_sync("more", status=SyncStatus.DRAFT))
        await here.stores.sync_runs.create(a_run("leads-r0", holds=first.holds))
        async with here.working("sync-requested"):
            waiting: Ran = await typed(here, "sync", "initiate", "more")
            assert waiting.code == 1, waiting
            assert "waits in its queue for run leads-r0 of sync leads" in waiting.text
            await here.stores.sync_runs.end("leads-r0", later(9), "superseded")

            async def members() -> bool:
                return await here.stores.contacts.count("news") == 1

            await wait_until(members, timeout_s=60, what="the sync that waited has run")
