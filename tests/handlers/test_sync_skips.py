"""Who is skipped and why, as the records are now (D5)."""

from __future__ import annotations

from domain.eligibility import SuppressionReason
from domain.module import BUILT_IN
from domain.sync import SyncSkip
from handlers.sync_skips import SkipFinder, Skipped
from messages.sync_requested import SyncRequested
from tests.builders import a_record, a_suppression, a_sync, later
from tests.fakes.records import MemoryRecords
from tests.fakes.suppressions import MemorySuppressions
from tests.fakes.syncs import MemorySyncs
from tests.handlers.audience import ANN, BEA, Audience


def a_crm() -> Audience:
    records = [
        a_record("1", {"Email": ANN}),
        a_record("2", {"Email": ANN}, version=2, changed_at=later(2)),
        a_record("3", {"Email": "no address"}),
        a_record("4", {}),
        a_record("5", {"Email": "gone@example.com"}, deleted_version=2),
        a_record("6", {"Email": "left@example.com", "Email_Opt_Out": True}),
        a_record("7", {"Email": BEA}),
        a_record("8", {"Email": "erased@example.com"}),
        a_record("9", {"Email": "info@example.com"}),
    ]
    suppressions = MemorySuppressions(
        a_suppression(BEA, reason=SuppressionReason.COMPLAINED),
        a_suppression("erased@example.com", reason=SuppressionReason.ERASED),
    )
    return Audience(
        records=MemoryRecords(*records), suppressions=suppressions, syncs=MemorySyncs(a_sync()), skip_roles=True
    )


WANTED = [
    Skipped("Leads:1", ANN, SyncSkip.DUPLICATE, "Leads:2"),
    Skipped("Leads:3", None, SyncSkip.INVALID_EMAIL),
    Skipped("Leads:4", None, SyncSkip.NO_EMAIL),
    Skipped("Leads:5", "gone@example.com", SyncSkip.DELETED),
    Skipped("Leads:6", "left@example.com", SyncSkip.OPTED_OUT),
    Skipped("Leads:7", BEA, SyncSkip.SUPPRESSED),
    Skipped("Leads:8", "erased@example.com", SyncSkip.SUPPRESSED),
    Skipped("Leads:9", "info@example.com", SyncSkip.ROLE_ADDRESS),
]


async def skipped(crm: Audience) -> list[Skipped]:
    finder = SkipFinder(crm.carry_over)
    return [one async for one in finder(crm.syncs.stored["leads"], BUILT_IN["Leads"])]


async def test_everybody_is_told_with_the_reason() -> None:
    """D5."""
    assert await skipped(a_crm()) == WANTED


async def test_it_tells_the_same_after_the_run_and_the_run_counts_the_same() -> None:
    crm = a_crm()
    await crm.run(SyncRequested(sync_id="leads"))
    assert await skipped(crm) == WANTED
    run = await crm.runs.latest("leads")
    assert run is not None
    reasons = [one.reason for one in WANTED]
    assert {name: count for name, count in run.counts.items() if name.startswith("skipped.")} == {
        f"skipped.{reason}": reasons.count(reason) for reason in reasons
    }


async def test_looking_stores_nothing() -> None:
    crm = a_crm()
    before = crm.state()
    await skipped(crm)
    assert crm.state() == before
