"""Templates and previews as people type them: saved, listed, taken over by a campaign, looked at, judged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from tests.builders import a_contact, a_sync
from tests.integration.typed import typed
from tests.integration.whole_way import Ran, World, world
from tests.quiet_logs import logs_as_before

HTML = "<html lang=en><body><p>Dear $[FIRST_NAME|friend]$,</p>\n<p>{{ fist_name }} {{ city }}</p></body></html>"


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    with logs_as_before():
        yield


async def shown(here: World, *arguments: str) -> Any:
    one = await typed(here, *arguments, "--json")
    assert one.code == 0, one
    return json.loads(one.out)


async def refused(here: World, *arguments: str) -> Ran:
    one = await typed(here, *arguments)
    assert (one.code, one.out, "Traceback" in one.err) == (1, "", False), one
    return one


async def test_r42_r44_a_template_of_ones_own_from_saving_to_the_preview(
    deployment: dict[str, str], tmp_path: Path
) -> None:
    own, page, eml = tmp_path / "own.html", tmp_path / "page.html", tmp_path / "mail.eml"
    own.write_text(HTML)
    async with world(deployment, smtp_port=1) as here:
        await here.stores.syncs.save(a_sync())
        await here.stores.contacts.save([a_contact("ann@crm.example")])
        saved = await shown(here, "template", "save", "mine", "--html", str(own), "--subject", "Our garden")
        listed = await shown(here, "template", "list", "--search", "GARDEN saved")
        await shown(
            here, "campaign", "create", "spring", "--subject", "Hello $[first_name]$", "--template", "mine",
            "--from-address", "news@green.example",
        )  # fmt: skip
        seen = await shown(
            here,
            "campaign",
            "preview",
            "spring",
            "--contact",
            "Ann@CRM.example",
            "--html",
            str(page),
            "--eml",
            str(eml),
        )
        text = await typed(here, "campaign", "preview", "spring", "--text", "--value", "city=Rome")
        told = await typed(here, "campaign", "preview", "spring")
    assert saved == {
        "name": "mine",
        "fields": ["city", "first_name", "fist_name"],
        "unknown": [{"name": "fist_name", "meant": "first_name"}],
    }
    assert [(one["name"], one["kind"], one["description"]) for one in listed] == [("mine", "saved", "Our garden")]
    assert (seen["subject"], seen["address"], seen["empty"]) == ("Hello Ann", "ann@crm.example", ["city", "fist_name"])
    assert "Dear Ann," in seen["html"]
    assert page.read_text() == seen["html"]
    assert message_from_bytes(eml.read_bytes())["Subject"] == "Hello Ann"
    assert text.out.startswith("Dear Alex,\n\nfist name Rome\n")
    assert "Subject: Hello Alex" in told.out


async def test_d8_the_lint_of_templates_is_a_table_and_an_exit_code(deployment: dict[str, str], tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text("<html lang=en><p>\n{{ a | wrong }}")
    async with world(deployment, smtp_port=1) as here:
        ours = await shown(here, "template", "lint")
        one = await typed(here, "template", "lint", "--html", str(bad))
        table = await typed(here, "template", "lint", "newsletter")
    assert {line["name"]: line["findings"] for line in ours}["newsletter"] == []
    assert len(ours) >= 9
    assert (one.code, "html, line 2: filter wrong is unknown" in one.text) == (1, True)
    assert "newsletter nothing" in " ".join(table.out.split())


async def test_what_a_template_may_not_do_is_refused_by_name_and_line(
    deployment: dict[str, str], tmp_path: Path
) -> None:
    own = tmp_path / "own.html"
    cases = {
        "<p>\n{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}": "html, line 2: a loop",
        "<p>a</p>" * 625_000: "html: 5,000,000 bytes are larger than the limit",
        "<p>\n{{ a": "html, line 2: '{{ a' begins a merge tag that never ends",
    }
    async with world(deployment, smtp_port=1) as here:
        for html, why in cases.items():
            own.write_text(html)
            assert why in (await refused(here, "template", "save", "mine", "--html", str(own))).err
        nowhere = await refused(here, "template", "show", "sent:nowhere")
        nobody = await refused(here, "campaign", "preview", "nowhere")
    assert "there is no campaign nowhere" in nowhere.err
    assert "there is no campaign nowhere" in nobody.err
