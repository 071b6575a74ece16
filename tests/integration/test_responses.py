"""What came back, as people ask for it: summary, lists, activity, one person, the report, verdicts given again."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from domain.campaign import CampaignStatus
from domain.eligibility import SuppressionReason
from domain.email import EmailState, Mark, ServiceStatus
from domain.lists import Suppression
from domain.ruling import Ruling
from tests.builders import a_campaign, a_member, a_stored_event, an_email, an_event, an_outcome, later
from tests.integration.typed import typed
from tests.integration.whole_way import World, world

S = EmailState
ANN, BOB, EVE = (an_email(f"{name}@x.example", ref=ref) for name, ref in
                 (("ann", "Leads:1"), ("bob", "Contacts:2"), ("eve", "Leads:3")))  # fmt: skip
WIDE = Ruling(S.HARD_BOUNCED, "user_unknown", "text:too-wide", dead=True)
FULL: dict[str, str | int] = {"code": 552, "enhanced": "5.2.2", "text": "mailbox full", "source": "dsn"}


async def done(here: World, *arguments: str) -> str:
    ran = await typed(here, *arguments)
    assert ran.code == 0, ran
    return ran.out


async def told(here: World, *arguments: str) -> Any:
    return json.loads(await done(here, *arguments, "--json"))


async def a_sent_campaign(here: World) -> None:
    """Ann clicked, Bob only had it, Eve's bounced: as a rule said that has been mended since."""
    stores = here.stores
    await stores.campaigns.add(a_campaign(status=CampaignStatus.SENT, member_status="Invited"))
    await stores.campaigns.add(a_campaign("old", status=CampaignStatus.OFFLINE))
    await stores.contacts.save([a_member("ann@x.example")])
    await stores.emails.plan([ANN, BOB, EVE, an_email("eve@x.example", "old", state=S.SKIPPED, reason="opted_out")])
    await stores.emails.store([an_outcome(each) for each in (ANN, BOB, EVE)])
    clicked = an_event(ANN, service=ServiceStatus.CLICKED, proves=S.SENT, at=later(60))
    bounced = an_event(EVE, mark=Mark.BOUNCED, proves=S.HARD_BOUNCED, reason="user_unknown", at=later(90))
    await stores.emails.apply([clicked, clicked, bounced])
    await stores.events.add(
        [
            a_stored_event("e1", email_id=ANN.id, event="clicked", at=later(60), url="https://x.example/spring"),
            a_stored_event("e2", email_id=EVE.id, event="bounced", at=later(90), evidence=FULL, ruling=WIDE),
        ]
    )
    why = "campaign spring: bounced 552 5.2.2 dsn"
    await stores.suppressions.add([Suppression(EVE.contact_id, SuppressionReason.HARD_BOUNCED, later(90), why)])


async def test_the_numbers_the_people_behind_them_and_each_person(deployment: dict[str, str], tmp_path: Path) -> None:
    async with world(deployment, smtp_port=1) as here:
        await a_sent_campaign(here)
        summary = await told(here, "campaign", "summary", "spring")
        shown = await done(here, "campaign", "summary", "spring")
        every = await told(here, "campaign", "list")
        [offline] = await told(here, "campaign", "list", "--layout", "standard")
        clicked = await told(here, "campaign", "activity", "spring", "--kpi", "clicked", "--module", "Leads")
        either = await told(
            here, "campaign", "activity", "spring", "--member-status", "Bounced", "--member-status", "Sent"
        )
        quiet = await told(here, "campaign", "activity", "spring", "--service-status", "not opened", "--limit", "1")
        nobody = await done(here, "campaign", "activity", "spring", "--kpi", "replied")
        strange = await typed(here, "campaign", "activity", "spring", "--kpi", "likes")
        unheard = await typed(here, "campaign", "activity", "spring", "--member-status", "Lost")
        await done(here, "campaign", "activity", "spring", "--csv", str(tmp_path / "people.csv"), "--limit", "1")
        ann = await told(here, "contact", "show", "ann@x.example")
        eve = await done(here, "contact", "show", "eve@x.example")
        await done(here, "campaign", "report", "spring", "--html", str(tmp_path / "spring.html"))
        figures = await told(here, "campaign", "report", "spring")
    assert [summary["summary"][name] for name in ("sent", "delivered", "clicked", "hard_bounced")] == [3, 2, 1, 1]
    assert summary["details"]["subject"] == "Hello {{ first_name }}"
    assert "Hello {{ first_name }}" in shown
    assert [(each["campaign"]["id"], each["layout"]) for each in every] == [("spring", "email"), ("old", "standard")]
    assert offline["campaign"]["id"] == "old"
    assert [(each["address"], each["member status"]) for each in clicked] == [("ann@x.example", "Responded")]
    assert {each["address"]: each["service status"] for each in either} == {
        "bob@x.example": "delivered",
        "eve@x.example": "hard_bounced",
    }
    assert [each["address"] for each in quiet] == ["bob@x.example"]
    assert nobody == "Nobody.\n"
    assert (strange.code, unheard.code) == (2, 2)
    assert "hard_bounced" in strange.err
    assert "Opted Out" in unheard.err
    with (tmp_path / "people.csv").open(newline="") as file:
        assert {row["address"]: row["clicked"] for row in csv.DictReader(file)} == {
            "ann@x.example": "2026-03-02T09:01:00Z", "bob@x.example": "", "eve@x.example": "",
        }  # fmt: skip
    assert [each["what"] for each in ann["timeline"]["entries"]][-2:] == ["email sent", "clicked"]
    assert ann["timeline"]["numbers"]["counts"]["clicked"] == 1
    assert "user_unknown: 552 5.2.2 mailbox full dsn" in " ".join(eve.split())
    page = (tmp_path / "spring.html").read_text("utf-8")
    assert "https://x.example/spring" in page
    assert "ann@" not in page
    assert figures["links"] == [{"url": "https://x.example/spring", "people": 1, "clicks": 1}]


async def test_verdicts_are_given_again_only_when_somebody_says_so(deployment: dict[str, str], tmp_path: Path) -> None:
    async with world(deployment, smtp_port=1) as here:
        await a_sent_campaign(here)
        dry = await told(here, "reclassify", "--dry-run", "--csv", str(tmp_path / "flips.csv"))
        asked = await typed(here, "reclassify")
        kept = await here.stores.suppressions.of([EVE.contact_id])
        late = await told(here, "reclassify", "--campaign", "spring", "--since", "1h", "--yes")
        changed = await told(here, "reclassify", "--campaign", "spring", "--yes")
        again = await done(here, "reclassify", "--yes")
        freed = await here.stores.suppressions.of([EVE.contact_id])
        summary = await told(here, "campaign", "summary", "spring")
    assert (dry["flips"], dry["lifted"], late["flips"], asked.code) == (1, 1, 0, 1)
    [kind] = dry["kinds"]
    assert kind["was"] == "hard_bounced, user_unknown, suppresses"
    assert kind["now"] == "soft_bounced, mailbox_full"
    [_, flip] = (tmp_path / "flips.csv").read_text().splitlines()
    assert "text:too-wide" in flip
    assert flip.endswith(",freed")
    assert set(kept) == {EVE.contact_id}
    assert (changed["flips"], changed["lifted"], freed) == (1, 1, {})
    assert again == "1 bounce looked at; no verdict changes.\n"
    assert (summary["summary"]["hard_bounced"], summary["summary"]["soft_bounced"]) == (0, 1)
