"""Commands that only look write nothing: MongoDB's own hash of every collection, before and after each of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cli.audit_trail import LOOKS
from domain.eligibility import SuppressionReason
from domain.lists import Suppression
from domain.saved_template import SavedTemplate
from tests.builders import NOW, a_campaign, a_list, a_parked_message, a_stored_event, a_sync, a_topic, an_id
from tests.integration.typed import typed
from tests.integration.whole_way import World, people, world
from tests.series_builders import a_series
from workers.depths import depths
from workers.options import amqp_options

ANN = people(1)[0]
#: Those that look at nothing that is stored, and those whose change is noted by whoever carries it out.
ELSEWHERE = frozenset(
    {
        "up", "down", "url", "init", "keys", "worker", "catch-mail", "demo", "help-with", "classify", "dkim generate",
        "dkim show",
    }
)  # fmt: skip
REMEMBERED = "summaries"  #: numbers that were counted for somebody who looked, so that nobody need count them again
#: All others, by what is typed after each of them.
TYPED: Mapping[str, tuple[str, ...]] = {
    "audit list": (),
    "campaign activity": ("spring",),
    "campaign dry-run": ("autumn",),
    "campaign export": ("spring",),
    "campaign list": (),
    "campaign preview": ("spring",),
    "campaign report": ("spring", "--html", "{}/report.html"),
    "campaign show": ("spring",),
    "campaign summary": ("spring",),
    "check": (),
    "contact show": (ANN,),
    "explain": ("spring", ANN),
    "feed show": (),
    "import show": (),
    "in-doubt list": ("spring",),
    "inbound unattributed": (),
    "integration show": (),
    "list members": ("news",),
    "list show": (),
    "module list": (),
    "module show": ("Leads",),
    "parked list": (),
    "parked show": ("ff00",),
    "retention show": (),
    "series entry": (ANN,),
    "series export": ("welcome",),
    "series list": (),
    "series show": ("welcome",),
    "series summary": ("welcome",),
    "status": (),
    "suppression list": (),
    "sync lacking": ("leads", "--field", "Last_Name"),
    "sync runs": ("leads",),
    "sync show": ("leads",),
    "sync skipped": ("leads",),
    "template lint": ("plain",),
    "template list": (),
    "template show": ("plain",),
    "throttle show": (),
    "token list": (),
    "topic show": (),
}


async def test_a_command_that_only_looks_writes_and_publishes_nothing(
    deployment: dict[str, str], tmp_path: Path
) -> None:
    assert TYPED.keys() | ELSEWHERE == LOOKS, "say of a new command which it is, here"
    async with world(deployment, smtp_port=1) as here:
        await something_of_everything(here)
        before = await hashes(here)
        for command, arguments in TYPED.items():
            ran = await typed(here, *command.split(), *(each.format(tmp_path) for each in arguments))
            assert "Error" not in ran.err, command
            assert await hashes(here) == before, command
        queues = await depths(amqp_options(here.settings), ["send-batch", "review-requested", "test-requested"])
    assert [each.ready for each in queues] == [0, 0, 0]


async def something_of_everything(here: World) -> None:
    stores = here.stores
    await here.reviewed(people(3))
    await stores.campaigns.add(a_campaign("autumn"))
    await stores.campaigns.add(a_campaign("welcome-hello", series="welcome"))
    await stores.lists.add(a_list())
    await stores.topics.add(a_topic())
    await stores.syncs.save(a_sync())
    await stores.series.add(a_series())
    await stores.templates.save(SavedTemplate("plain", "Hello", "<p>Hello</p>"))
    await stores.suppressions.add([Suppression(an_id(ANN), SuppressionReason.MANUAL, NOW, "a letter")])
    await stores.events.add([a_stored_event()])
    await stores.parked.park(a_parked_message("ff00"))


async def hashes(here: World) -> Mapping[str, str]:
    """By collection."""
    found = await here.stores.database.command("dbHash")
    return {name: told for name, told in found["collections"].items() if name != REMEMBERED}
