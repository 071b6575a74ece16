"""A series on real servers: from a record of the CRM to the message that a click leads to (R78)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from domain.campaign import CampaignStatus
from domain.email import EmailState
from domain.record import Operation
from domain.series import EntryEnd, SeriesStatus, TriggerKind
from gateways.catcher import Catcher, CatcherOptions
from messages.delivery_event import DeliveryEvent, EventType
from messages.record_changed import RecordChanged
from tests.builders import a_list, a_sync, an_id
from tests.handlers.series_world import a_child
from tests.integration.whole_way import World, world
from tests.series_builders import a_series, a_step, after_days, after_open
from tests.waiting import wait_until
from workers.resources import now

ANN = "ann@crm.example"
WORKERS = ("record-changed", "delivery-event", "scheduler", "send-batch")
SERIES = a_series(a_step(), after_open(kind=TriggerKind.CLICKED), after_days("last", 9), status=SeriesStatus.RUNNING)


async def runs(here: World) -> None:
    """The series, its messages reviewed, its list filled by a sync."""
    await here.stores.lists.add(a_list())
    await here.stores.syncs.save(a_sync())
    began = now() - timedelta(minutes=1)
    await here.stores.series.add(replace(SERIES, started_at=began, status_at=began))
    for step in SERIES.steps:
        await here.stores.campaigns.add(a_child(step.campaign_id, status=CampaignStatus.REVIEWED))


def email_of(key: str) -> str:
    return f"welcome-{key}:{an_id(ANN)}:0"


def told(kind: EventType) -> DeliveryEvent:
    return DeliveryEvent(event=kind, event_id=f"{kind}-1", email_id=email_of("hello"), occurred_at=now())


async def until(what: str, reached: Callable[[], Awaitable[bool]]) -> None:
    await wait_until(reached, timeout_s=60, what=what)


async def test_joining_and_clicking_bring_a_message_each_once_and_leaving_ends_it(deployment: dict[str, str]) -> None:
    async with (
        Catcher(CatcherOptions()) as catcher,
        world(deployment, *WORKERS, smtp_port=catcher.port) as here,
        here.working(*WORKERS),
    ):

        async def sent(key: str) -> bool:
            row = await here.stores.emails.get(email_of(key))
            return row is not None and row.state is EmailState.SENT

        async def ended() -> bool:
            return [each.ended for each in await here.stores.series_entries.of_contact(an_id(ANN))] == [
                EntryEnd.UNSUBSCRIBED
            ]

        await runs(here)
        fields = {"Email": ANN, "First_Name": "Ann"}
        joins = RecordChanged(
            module="Leads", record_id="1", operation=Operation.CREATE, fields=fields, changed_at=now()
        )
        await here.publish(joins, joins)
        await until("the first message is sent", lambda: sent("hello"))
        await here.publish(told(EventType.CLICKED), told(EventType.CLICKED))
        await until("the click leads to the next one", lambda: sent("more"))
        await here.publish(told(EventType.UNSUBSCRIBED))
        await until("who unsubscribes leaves the series", ended)
        assert dict(catcher.accepted) == {ANN: 2}
        assert await here.statuses(*(step.campaign_id for step in SERIES.steps)) == {CampaignStatus.SENDING}
        assert await here.stores.emails.get(email_of("last")) is None
