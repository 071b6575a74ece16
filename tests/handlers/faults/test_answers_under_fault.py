"""Delivery events, hit at each call of each port."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from handlers.delivery_event import DeliveryRecorder
from handlers.strike_book import StrikeBook
from messages.delivery_event import DeliveryEvent
from tests.builders import ADDRESS_KEY
from tests.handlers.faults.faulty import Life, Way, differences, mortal
from tests.handlers.test_delivery_event import DEAD, FULL, World, event


class Answers:
    """Windows of everything that can be told of one email, some of it twice and late."""

    ordered = False

    def __init__(self) -> None:
        self.world = World()

    def messages(self) -> Sequence[Sequence[DeliveryEvent]]:
        return [
            [event("accepted"), event("clicked", 30), event("opened", 20)],
            [event("bounced", 10, evidence=FULL), event("replied", 40), event("opened", 20)],
            [event("unsubscribed", 50), event("complained", 60), event("bounced", 70, evidence=DEAD)],
            [event("delivered", 5), event("unsubscribed", 50)],
        ]

    async def handle(self, message: Sequence[DeliveryEvent], life: Life) -> Sequence[Any]:
        here = mortal(self.world, life)
        record = DeliveryRecorder(
            here.emails,
            here.events,
            here.suppressions,
            here.contacts,
            StrikeBook(here.strikes, here.emails),
            ADDRESS_KEY,
            here.campaigns,
        )
        return await record(message)

    def time_passes(self) -> None:
        """Nothing here looks at a clock."""

    async def settle(self, life: Life) -> Sequence[Any]:
        return []

    def state(self) -> Any:
        world = self.world
        contacts = {key: replace(each, revision=0) for key, each in world.contacts.stored.items()}
        strikes = {key: replace(each, revision=0) for key, each in world.strikes.stored.items()}
        return dict(world.emails.stored), contacts, strikes, set(world.suppressions.stored), set(world.events.stored)


@pytest.mark.parametrize("way", Way)
async def test_a_fault_at_any_call_changes_nothing_in_the_end(way: Way) -> None:
    assert await differences(Answers, way) == []
