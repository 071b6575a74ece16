"""Commands about people: lists, consents, suppressions, and what Zoho posts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from domain.contact import Membership, OptOut
from domain.eligibility import SuppressionReason
from tests.builders import NOW, a_member, an_id
from tests.integration.typed import typed
from tests.integration.whole_way import World, world
from tests.waiting import wait_until

ANN, BOB, MOE = "ann@crm.example", "bob@crm.example", "moe@crm.example"
EXAMPLES = Path(__file__).parents[2] / "examples/zoho"


async def done(here: World, *arguments: str) -> str:
    """What a command printed that went well."""
    ran = await typed(here, *arguments)
    assert ran.code == 0, ran
    return ran.text


async def told(here: World, *arguments: str) -> Any:
    ran = await typed(here, *arguments, "--json")
    assert ran.code == 0, ran
    return json.loads(ran.out)


async def test_lists_have_members_for_reasons_and_can_be_called_otherwise(deployment: dict[str, str]) -> None:
    async with world(deployment, "record-changed", smtp_port=1) as here:
        await done(here, "list", "create", "news", "--message", "You asked", "--type", "non_marketing")
        both = Membership("news", frozenset({"sync:leads|Leads:1", "import:people-1"}))
        await here.stores.contacts.save([a_member(BOB), a_member(ANN, memberships={"news": both})])
        [first] = await told(here, "list", "members", "news", "--limit", "1")
        [second] = await told(here, "list", "members", "news", "--after", first["contact"])
        shown = await done(here, "list", "members", "news")
        await done(here, "list", "edit", "news", "--name", "Our news")
        [found] = await told(here, "list", "show")
        missing = await typed(here, "list", "members", "nowhere")
    by_address = {each["address"]: each["because of"] for each in (first, second)}
    assert by_address == {ANN: "import:people-1, sync:leads|Leads:1", BOB: "sync:leads|Leads:1"}
    assert "2 of 2 members of news" in shown
    assert found == {"id": "news", "name": "Our news", "message": "You asked", "type": "non_marketing", "members": 2}
    assert (missing.code, "campaigns list create nowhere" in missing.err) == (1, True)


async def test_consents_are_noted_with_their_proof_and_take_nothing_back(deployment: dict[str, str]) -> None:
    async with world(deployment, "record-changed", smtp_port=1) as here:
        await here.stores.contacts.save([a_member(ANN)])
        agreed = await done(here, "contact", "opt-in", ANN, "--proof", "box on the form", "--source", "form")
        await done(here, "contact", "tracking", ANN, "no", "--source", "form")
        await done(here, "contact", "opt-out", ANN, "--source", "letter", "--proof", "of 3 May")
        again = await done(here, "contact", "opt-in", ANN, "--proof", "a call")
        found = await told(here, "contact", "show", ANN)
        shown = await done(here, "contact", "show", ANN)
        unknown = await done(here, "contact", "show", "bob@gnail.com")
        stranger = await done(here, "contact", "opt-out", BOB)
        suppressed = await here.stores.suppressions.of([an_id(ANN), an_id(BOB)])
    assert agreed == "Noted: yes to mail."
    assert again == "Noted: yes to mail. It gets no mail all the same: `campaigns contact show` says why."
    assert (found["opted_out"], found["tracking"]) == (True, "no")
    assert [(each["to"], each["given"], each["proof"]) for each in found["contact"]["consents"]] == [
        ("mail", True, "box on the form"),
        ("tracking", False, ""),
        ("mail", False, "of 3 May"),
        ("mail", True, "a call"),
    ]
    assert "opted out yes: letter" in shown
    assert "Leads:1" in shown
    assert "meant? bob@gmail.com; change it in the CRM, here nothing is corrected" in unknown
    assert stranger == "There is no contact with this address; the address is suppressed."
    assert suppressed == {an_id(each): {SuppressionReason.UNSUBSCRIBED} for each in (ANN, BOB)}


async def test_suppressions_outlive_contacts_and_are_taken_back_only_with_a_reason(
    deployment: dict[str, str], tmp_path: Path
) -> None:
    file, bare = tmp_path / "gone.csv", tmp_path / "bare.txt"
    file.write_text("Name;E-Mail\nAnn;ann@crm.example\nEve;eve@crm.example\nNo;nobody\n")
    bare.write_text("dan@crm.example\ncat@crm.example\n")
    async with world(deployment, "record-changed", smtp_port=1) as here:
        moved = a_member(MOE, opt_out=OptOut(NOW, "moved:complained"))
        await here.stores.contacts.save([a_member(ANN), moved])
        await done(here, "suppression", "add", BOB, "--because", "asked on the phone")
        brought = await typed(here, "suppression", "import", str(file), "--because", "left the old system")
        again = await typed(here, "suppression", "import", str(file), "--because", "again")
        plain = await done(here, "suppression", "import", str(bare), "--because", "x", "--reason", "unsubscribed")
        every = await told(here, "suppression", "list")
        await done(here, "contact", "opt-out", ANN)
        wrong = await typed(here, "suppression", "remove", BOB, "--reason", "complained", "--because", "x", "--yes")
        half = await done(
            here, "suppression", "remove", ANN, "--reason", "unsubscribed", "--because", "ticket 7", "--yes"
        )
        rest = await done(here, "suppression", "remove", ANN, "--reason", "manual", "--because", "ticket 7", "--yes")
        found = await told(here, "contact", "show", ANN)
        await done(here, "suppression", "remove", MOE, "--reason", "unsubscribed", "--because", "ticket 8", "--yes")
        welcome = await told(here, "contact", "show", MOE)
        twice = await typed(here, "suppression", "remove", MOE, "--reason", "unsubscribed", "--because", "x", "--yes")
    assert (brought.code, brought.out.strip()) == (1, "2 rows suppressed as manual, 1 row refused.")
    assert "row 4, column E-Mail: 'nobody' is not an email address" in brought.err
    assert again.out == brought.out
    assert plain == "2 rows suppressed as unsubscribed, 0 rows refused."
    assert {each["contact"]: each["address"] for each in every} == {
        an_id(ANN): ANN, **dict.fromkeys((an_id(f"{name}@crm.example") for name in ("bob", "eve", "dan", "cat")), None),
    }  # fmt: skip
    assert {each["evidence"] for each in every} == {"asked on the phone", "left the old system", "x"}
    assert (wrong.code, "not suppressed as complained; it is as manual" in wrong.err) == (1, True)
    assert half == "No longer suppressed as unsubscribed; it stays suppressed: manual."
    assert rest == "No longer suppressed as manual."
    assert (found["suppressions"], found["opted_out"]) == ([], False)
    assert {each["because"] for each in found["lifted"]} == {"ticket 7"}
    assert (welcome["opted_out"], welcome["contact"]["consents"][-1]["proof"]) == (False, "ticket 8")
    assert (twice.code, "not suppressed as unsubscribed" in twice.err) == (1, True)


async def test_what_zoho_posts_becomes_records_and_questions(deployment: dict[str, str]) -> None:
    async with world(deployment, "record-changed", smtp_port=1) as here:
        first = await told(here, "publish", "--from", "zoho", str(EXAMPLES / "update.json"))
        again = await told(here, "publish", "record-changed", str(EXAMPLES / "update.json"), "--from", "zoho")
        await done(here, "publish", "--from", "zoho", str(EXAMPLES / "delete.json"))
        refused = await typed(here, "publish", "--from", "zoho", str(EXAMPLES.parent / "events/record-changed.json"))
        async with here.working("record-changed"):

            async def stored() -> bool:
                return len(await here.stores.records.load([known, "Leads:6172731000000939010"])) == 2

            known = "Leads:6756839000000575405"
            await wait_until(stored, timeout_s=60, what="both records are stored")
            records = await here.stores.records.load([known, "Leads:6172731000000939010"])
    assert first == again == {"type": "record-changed", "ids": first["ids"]}
    assert len(first["ids"]) == 4
    assert records[known].values()["Company"] == "Rangoni Of Florence"
    assert records["Leads:6172731000000939010"].deleted
    assert (refused.code, "notification 1: module: Field required" in refused.err) == (1, True)
