"""The figures of a report, counted by MongoDB."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorDatabase

from domain.email import EmailState, Mark, ServiceStatus
from domain.figures import Figures, Link, Provider, Step
from repositories.connection import Document
from repositories.stores import Stores
from tests.builders import NOW, a_stored_event, an_email, an_event, an_outcome, later

S = EmailState
HOUR = timedelta(hours=1)
NOTHING = Figures(links=[], providers=[])


@pytest.fixture
def stores(mongo_database: AsyncIOMotorDatabase[Document]) -> Stores:
    return Stores.of(mongo_database)


def click(number: int, email: str, **overrides: Any) -> Any:
    return a_stored_event(f"c{number}", email_id=email, event="clicked", url="https://x.example/a", **overrides)


async def test_a_campaign_of_which_nothing_was_sent_has_no_figures(stores: Stores) -> None:
    await stores.emails.plan([an_email()])
    assert await stores.figures.of("spring") == NOTHING
    assert await stores.figures.of("nowhere") == NOTHING


async def test_people_are_counted_once_by_hour_link_reason_and_provider(stores: Stores) -> None:
    names = ["a@gmail.com", "b@gmail.com", "c@x.example", "d@x.example", "e@x.example"]
    rows = [an_email(name) for name in names]
    await stores.emails.plan([*rows, an_email("z@x.example", "springtime", state=S.HARD_BOUNCED)])
    refused = an_outcome(rows[2], S.HARD_BOUNCED, reason="user_unknown")
    failed = an_outcome(rows[3], S.FAILED, reason="policy")
    await stores.emails.store([*(an_outcome(row) for row in (rows[0], rows[1], rows[4])), refused, failed])
    opened = an_event(rows[0], service=ServiceStatus.OPENED, at=later(100))
    await stores.emails.apply(
        [
            opened,
            replace(opened, at=later(9000)),
            an_event(rows[1], service=ServiceStatus.CLICKED, at=later(3700)),
            an_event(rows[1], mark=Mark.MACHINE_OPENED, at=later(1)),
            an_event(rows[4], mark=Mark.BOUNCED, proves=S.SOFT_BOUNCED, reason="mailbox_full", at=later(50)),
        ]
    )
    other = replace(click(9, rows[0].id), url="https://x.example/?to=a@gmail.com")
    clicks = [click(1, rows[1].id), click(2, rows[1].id), click(3, rows[0].id), click(4, rows[2].id, by_machine=True)]
    await stores.events.add([*clicks, other, click(5, "springtime:z:0"), a_stored_event(url="https://x.example/b")])
    assert await stores.figures.of("spring") == Figures(
        step=Step.HOUR,
        over_time={NOW: {"sent": 5, "opened": 1}, NOW + HOUR: {"clicked": 1}},
        links=[Link("https://x.example/a", 2, 3), Link("https://x.example/?to=…", 1, 1)],
        reasons={("hard", "user_unknown"): 1, ("failed", "policy"): 1, ("soft", "mailbox_full"): 1},
        providers=[Provider("x.example", 3, hard=1, soft=1, failed=1), Provider("Gmail", 2)],
    )
