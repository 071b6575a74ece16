"""The audit log on real servers: commands and messages, who, when and how they ended."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

from cli.login import login
from domain.audit import AuditEntry, AuditQuery
from domain.campaign import CampaignStatus
from messages.send_requested import SendRequested
from tests.builders import a_parked_message, an_id
from tests.integration.typed import typed
from tests.integration.whole_way import World, people, world
from tests.waiting import wait_until

NO_TEXT = hashlib.sha256(b"").hexdigest()[:12]


async def entries(here: World) -> list[AuditEntry]:
    """The oldest first."""
    return list(reversed(await here.stores.audit.find(AuditQuery())))


async def test_commands_that_change_something_are_noted_and_those_that_look_are_not(
    deployment: dict[str, str],
) -> None:
    async with world(deployment, smtp_port=1) as here:
        await here.reviewed(people(2))
        await typed(here, "campaign", "show", "spring")
        await typed(here, "campaign", "unschedule", "spring")
        await typed(here, "campaign", "pause", "spring")
        await typed(here, "contact", "opt-out", people(2)[0])
        await typed(here, "campaign", "reopen", "spring")
        noted = await entries(here)
        shown = json.loads((await typed(here, "audit", "list", "--subject", "campaign:spring", "--json")).out)
    assert [(each.what, each.subject, each.before, each.after, each.outcome) for each in noted] == [
        ("campaign unschedule", "campaign:spring", "reviewed", "reviewed", "done"),
        ("campaign pause", "campaign:spring", "reviewed", "reviewed", "illegal_transition"),
        (
            "contact opt-out",
            f"contact:{an_id(people(2)[0])}",
            "not suppressed; topics: none; left: none; tracking: unknown; not opted out",
            "suppressed: unsubscribed; topics: none; left: none; tracking: unknown; opted out",
            "done",
        ),
        ("campaign reopen", "campaign:spring", "reviewed", "draft", "done"),
    ]
    assert len(shown) == 3
    assert people(2)[0] not in repr(noted)


async def test_what_is_asked_for_by_message_is_noted_once(deployment: dict[str, str]) -> None:
    async with world(deployment, "send-requested", smtp_port=1) as here:
        await here.reviewed(people(2))
        async with here.working("send-requested"):
            await here.publish(SendRequested(campaign_id="spring", confirmed_by="ann"))
            await here.until_status(CampaignStatus.SENDING)

            async def ended() -> bool:
                return [each.outcome for each in await entries(here)] == ["done"]

            await wait_until(ended, timeout_s=60, what="the end to be noted")
        (noted,) = await entries(here)
    assert (noted.who, noted.what, noted.before, noted.after) == ("ann", "send-requested", "reviewed", "sending")


async def test_what_is_no_campaign_is_named_too_with_what_it_was_and_became_and_nobodys_address(
    deployment: dict[str, str], tmp_path: Path
) -> None:
    file, event = tmp_path / "of-ann@example.com.csv", tmp_path / "event.json"
    file.write_text("email\nann@example.com\nbob@example.com\n")
    event.write_text('{"campaign_id": "spring", "confirmed_by": "dpo"}')
    async with world(deployment, "send-requested", smtp_port=1) as here:
        await here.stores.parked.park(a_parked_message("ff00"))
        for command in (
            ("list", "create", "news", "--name", "News"),
            ("list", "edit", "news", "--name", "Our news"),
            ("throttle", "set", "gmail.com", "--per-s", "3"),
            ("import", str(file), "--list", "news"),
            ("suppression", "add", *people(2), "--because", "a letter"),
            ("suppression", "import", str(file), "--because", "a letter"),
            ("topic", "leave", "marketing", "ann@example.com"),
            ("token", "create", "of ann@example.com", "--scope", "all"),
            ("parked", "drop", "ff00", "--yes"),
            ("publish", "send-requested", str(event)),
        ):
            ran = await typed(here, *command)
            assert ran.code == 0, (command, ran.text)
        noted = await entries(here)
        page = json.loads((await typed(here, "audit", "list", "--kind", "list", "--limit", "1", "--json")).out)
        rest = await typed(here, "audit", "list", "--kind", "list", "--after", page[0]["id"], "--json")
        refused = await typed(here, "audit", "list", "--outcome", "refused")
    assert [(each.what, each.subject, each.before, each.after) for each in noted[:3]] == [
        ("list create", "list:news", None, f"News, marketing, message {NO_TEXT}"),
        ("list edit", "list:news", f"News, marketing, message {NO_TEXT}", f"Our news, marketing, message {NO_TEXT}"),
        ("throttle set", "throttle:domain:gmail.com", "as the settings say", "3/s"),
    ]
    imported, added, suppressed, left, token, dropped, published = noted[3:]
    assert imported.subject.startswith("import:")
    assert imported.after == "list:news, 2 rows"
    assert added.subject == f"contacts:{an_id(people(2)[0])} {an_id(people(2)[1])}"
    assert suppressed.subject.startswith("file:~")
    assert (left.what, left.subject) == ("topic leave marketing", f"contact:{an_id('ann@example.com')}")
    assert (token.subject.partition(":")[0], token.before, token.after) == ("token", None, "open: all")
    assert (dropped.what, dropped.subject) == ("parked drop", "parked:ff00")
    assert (published.what, published.subject) == ("publish send-requested", "campaign:spring")
    assert {each.who for each in noted} == {login()}
    assert "@" not in repr([replace(each, who="") for each in noted])
    assert [page[0]["what"], *[each["what"] for each in json.loads(rest.out)]] == ["list edit", "list create"]
    assert "Nothing was noted." in refused.text
