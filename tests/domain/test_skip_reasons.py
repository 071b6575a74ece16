"""The reasons not to be mailed stand in docs/review.md in the order in which they are looked at (R71)."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from domain.contact import Source
from domain.eligibility import SuppressionReason
from domain.email import SkipReason
from domain.planning import Batches, Pick, Picked, Planner
from domain.sync import SyncSkip
from tests.builders import ADDRESS_KEY, NOW, a_campaign, a_contact, a_stamp, an_id, later

DOCS = Path(__file__).parents[2] / "docs/review.md"
_TABLE = re.compile(r"<!-- reasons: begin -->(.*)<!-- reasons: end -->", re.S)
ANN = an_id("ann@example.com")
NEWER = Source("Leads:2", a_stamp("Leads:2", at=later(60)))


def test_the_documented_order_is_that_of_the_enum() -> None:
    table = _TABLE.search(DOCS.read_text())
    assert table is not None
    assert re.findall(r"^\| `(\w+)` \|", table[1], re.M) == [str(reason) for reason in SkipReason]


def shared(*, opted_out: bool = False) -> Pick:
    """Of the older one of two records with one address."""
    sources = {"Leads:1": Source("Leads:1", a_stamp(), opted_out=opted_out), "Leads:2": NEWER}
    return Pick("Leads:1", contact_id=ANN, contact=a_contact(sources=sources))


@pytest.mark.parametrize(
    ("pick", "suppressed", "reason"),
    [
        (replace(shared(), known=False, skip=SyncSkip.NO_EMAIL), True, SkipReason.UNKNOWN_RECORD),
        (replace(shared(), skip=SyncSkip.DELETED), True, SkipReason.DELETED),
        (replace(shared(), skip=SyncSkip.INVALID_EMAIL), True, SkipReason.INVALID_EMAIL),
        (shared(opted_out=True), True, SkipReason.ERASED),
        (shared(opted_out=True), False, SkipReason.DUPLICATE),
        (replace(shared(), contact=None), False, SkipReason.CONTACT_CHANGED),
    ],
)
def test_what_is_wrong_with_a_record_comes_before_what_is_known_of_the_person(
    pick: Pick, suppressed: bool, reason: SkipReason
) -> None:
    planner = Planner(a_campaign(), Picked({"Leads": "Leads:9"}, frozenset()), Batches(0, 1, 9), ADDRESS_KEY, NOW)
    reasons = {ANN: frozenset({SuppressionReason.ERASED, SuppressionReason.COMPLAINED})} if suppressed else {}
    [row] = planner.of_records([pick], reasons).rows
    assert row.reason == reason
