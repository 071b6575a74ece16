"""Imports the whole way: killed and taken up again, nobody twice, nobody missed, nobody brought back."""

from __future__ import annotations

import csv
import json
from asyncio.subprocess import Process
from collections.abc import Iterable
from pathlib import Path

import psutil

from domain.campaign import CampaignStatus
from domain.eligibility import SuppressionReason
from domain.imports import ImportJob
from domain.lists import MailingList, Suppression
from tests.builders import NOW, a_campaign, a_member, an_id
from tests.integration.typed import typed
from tests.integration.whole_way import World, world
from tests.waiting import wait_until

ROWS = 20_000
ALLOWED_GROWTH_BYTES = 12_000_000  #: of a process between an eighth of the file and its end


def people_csv(tmp_path: Path, count: int, bad: Iterable[int] = ()) -> Path:
    """So many people, those in `bad` with an address that is none."""
    file, wrong = tmp_path / "people.csv", set(bad)
    with file.open("w", encoding="utf-8") as to:
        to.write("Email,First name,City\n")
        to.writelines(
            f"{'nobody' if number in wrong else f'p{number}@crm.example'},Åsa {number},Malmö\n"
            for number in range(count)
        )
    return file


async def only_job(here: World) -> ImportJob | None:
    found = await here.stores.imports.latest()
    return found[0] if found else None


async def reached(here: World, rows: int) -> ImportJob:
    async def far_enough() -> bool:
        job = await only_job(here)
        return job is not None and job.rows >= rows

    await wait_until(far_enough, timeout_s=60, what=f"{rows} rows are imported")
    job = await only_job(here)
    assert job is not None
    return job


async def killed(process: Process) -> None:
    process.kill()
    await process.communicate()
    assert process.returncode == -9


async def test_records_of_an_import_that_was_killed_are_all_there_once(
    deployment: dict[str, str], tmp_path: Path
) -> None:
    file, bad = people_csv(tmp_path, ROWS, bad=range(5, ROWS, 1000)), tmp_path / "refused.csv"
    arguments = ("import", "people", str(file), "--module", "Leads", "--refused", str(bad), "--json")
    async with world(deployment, "record-changed", "snapshot-finished", smtp_port=1) as here:
        first = await here.start(*arguments)
        begun = await reached(here, 4_000)
        await killed(first)
        again = await here.start(*arguments)
        out, err = await again.communicate()
        job = await only_job(here)
        assert job is not None
        assert again.returncode == 1, err
        assert b"was interrupted: it goes on after" in err
        told = json.loads(out)
        async with here.working("record-changed"):

            async def stored() -> bool:
                return await here.stores.records.count("Leads") == ROWS - 20

            await wait_until(stored, timeout_s=90, what="all records are stored")
    assert (told["import"], told["rows"], told["published"]) == (begun.id, ROWS, ROWS - 20)
    assert (told["reasons"], job.ended_at is not None) == ({"invalid_email": 20}, True)
    with bad.open(newline="") as lines:
        refused = list(csv.DictReader(lines))
    assert [int(row["refused_row"]) for row in refused] == [number + 2 for number in range(5, ROWS, 1000)]
    assert refused[0]["Email"] == "nobody"
    assert refused[0]["refused_because"] == "invalid_email: column Email: 'nobody' is not an email address"


async def test_a_list_import_that_was_killed_goes_on_in_flat_memory_and_brings_nobody_back(
    deployment: dict[str, str], tmp_path: Path
) -> None:
    file = people_csv(tmp_path, ROWS)
    arguments = ("import", "people", str(file), "--list", "news", "--proof", "the form of 2025", "--json")
    async with world(deployment, "record-changed", smtp_port=1) as here:
        await here.stores.lists.add(MailingList("news", "News"))
        left = Suppression(an_id("p19000@crm.example"), SuppressionReason.UNSUBSCRIBED, NOW, "spring")
        await here.stores.suppressions.add([left])
        first = await here.start(*arguments)
        await reached(here, ROWS // 8)
        await killed(first)
        again = await here.start(*arguments)
        process = psutil.Process(again.pid)
        early = await reached(here, ROWS // 4)
        early_bytes = process.memory_info().rss
        await reached(here, ROWS - 1_500)
        late_bytes = process.memory_info().rss if process.is_running() else early_bytes
        out, err = await again.communicate()
        told = json.loads(out)
        members = await here.stores.contacts.count("news")
        [known] = (await here.stores.contacts.load([an_id("p7@crm.example")])).values()
        absent = await here.stores.contacts.load([left.contact_id])
        repeated = await here.run(*arguments)
    assert again.returncode == 1, err
    assert members == told["new"] + told["updated"] + told["unchanged"] == ROWS - 1
    assert told["reasons"] == {"opted_out": 1}
    assert absent == {}
    assert late_bytes - early_bytes < ALLOWED_GROWTH_BYTES, (early.rows, early_bytes, late_bytes)
    assert known.memberships["news"].sources == {f"import:{told['import']}"}
    assert [(consent.given, consent.proof) for consent in known.consents] == [(True, "the form of 2025")]
    assert json.loads(repeated.out)["new"] == 0


async def test_people_imported_for_a_campaign_are_its_recipients(deployment: dict[str, str], tmp_path: Path) -> None:
    file = people_csv(tmp_path, 3)
    async with world(deployment, "record-changed", smtp_port=1) as here:
        await here.stores.campaigns.add(a_campaign())
        before = (await here.campaign()).recipients.refs
        for _ in range(2):
            done = await typed(here, "import", str(file), "--campaign", "spring")
            assert (done.code, done.out.strip()) == (0, "3 records of Leads published, 0 rows refused."), done
        found = await here.campaign()
        await here.stores.campaigns.add(a_campaign("over", status=CampaignStatus.SENT))
        over = await typed(here, "import", str(file), "--campaign", "over")
    expected = {f"Leads:import-{an_id(f'p{number}@crm.example')}" for number in range(3)}
    assert set(found.recipients.refs) - set(before) == expected
    assert (over.code, "recipients are picked for a draft" in over.err) == (1, True)


async def test_more_recipients_than_are_allowed_are_refused_before_anything_is_written(
    deployment: dict[str, str], tmp_path: Path
) -> None:
    file = people_csv(tmp_path, 200_001)
    async with world(deployment, "record-changed", smtp_port=1) as here:
        await here.stores.campaigns.add(a_campaign())
        done = await typed(here, "import", str(file), "--campaign", "spring")
        jobs = await here.stores.imports.latest()
    assert (done.code, jobs) == (1, [])
    assert "200,001" in done.err
    assert "200,000" in done.err


async def test_a_list_or_topic_that_is_not_there_is_refused_with_what_makes_it(
    deployment: dict[str, str], tmp_path: Path
) -> None:
    file = people_csv(tmp_path, 1)
    async with world(deployment, "record-changed", smtp_port=1) as here:
        nowhere = await typed(here, "import", str(file), "--list", "news")
        await here.stores.lists.add(MailingList("news", "News"))
        unheard = await typed(here, "import", str(file), "--list", "news", "--topic", "offers")
        module = await typed(here, "import", str(file), "--module", "Dragons")
    assert [each.code for each in (nowhere, unheard, module)] == [1, 1, 1]
    assert "there is no list news; `campaigns list create news`" in nowhere.err
    assert "there is no topic offers; `campaigns topic create offers`" in unheard.err
    assert "there is no module Dragons" in module.err


async def test_undoing_an_import_takes_nobody_off_who_is_there_for_another_reason(
    deployment: dict[str, str], tmp_path: Path
) -> None:
    file = people_csv(tmp_path, 3)
    async with world(deployment, "record-changed", smtp_port=1) as here:
        await here.stores.lists.add(MailingList("news", "News"))
        await here.stores.contacts.save([a_member("p0@crm.example")])
        told = json.loads((await typed(here, "import", str(file), "--list", "news", "--json")).out)
        for _ in range(2):
            done = await typed(here, "import", "undo", told["import"], "--yes")
            assert (done.code, done.out.strip()) == (0, "List news has 1 member without that import."), done
        [stays] = await here.stores.contacts.page("news")
        unknown = await typed(here, "import", "undo", "nothing", "--yes")
    assert (stays.address, stays.memberships["news"].sources) == ("p0@crm.example", {"sync:leads|Leads:1"})
    assert (unknown.code, "there is no import nothing" in unknown.err) == (1, True)


async def test_a_preview_writes_nothing(deployment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes("Vorname;E-Mail;Ort\nÅsa;asa@crm.example;Malmö\nBo;nobody;Lund\n".encode("cp1252"))
    async with world(deployment, "record-changed", smtp_port=1) as here:
        await here.stores.lists.add(MailingList("news", "News"))
        shown = await typed(here, "import", "people", str(file), "--list", "news", "--preview")
        as_json = await typed(here, "import", "people", str(file), "--list", "news", "--preview", "--json")
        assert (await here.stores.imports.latest(), await here.stores.contacts.count("news")) == ([], 0)
    assert "people.csv: cp1252, cells separated by semicolon" in shown.text
    assert "2 asa@crm.example: first_name=Åsa, city=Malmö" in shown.text
    told = json.loads(as_json.out)
    assert told["columns"] == {"Vorname": "first_name", "E-Mail": "email (address)", "Ort": "city"}
    assert told["rows"][1]["refused"] == "invalid_email"
