"""One document of each collection, as this code writes it: the source of what tests/past keeps of each version.

python -m tests.past.documents MONGO_URL > tests/past/documents/vN.json    once per release that added a field
"""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import datetime
from typing import Any

from bson.json_util import dumps
from motor.motor_asyncio import AsyncIOMotorClient

from domain.module import Module, ModuleField
from domain.saved_template import SavedTemplate
from domain.throttle import Limits
from repositories.stores import Stores
from tests.builders import (
    NOW,
    a_campaign,
    a_list,
    a_member,
    a_parked_message,
    a_record,
    a_run,
    a_stored_event,
    a_suppression,
    a_sync,
    a_topic,
    an_email,
    an_outcome,
)

CENTURY_S = 100 * 365 * 86400.0  #: leases that are still held when they are read
DRAGONS = Module("Dragons", "Dragons", (ModuleField("Email", "Email", "email"),), "Email", {"Name": "last_name"})


@dataclass(frozen=True, slots=True)
class Kept:
    """How one document comes to be, and how it is read."""

    write: Callable[[Stores], Awaitable[object]]
    read: Callable[[Stores], Awaitable[object]]


async def _sent(stores: Stores) -> None:
    await stores.emails.plan([an_email()])
    await stores.emails.store([an_outcome(an_email())])


async def _claimed(stores: Stores) -> None:
    await stores.slices.plan("spring", [0])
    await stores.slices.claim("spring", 0, "host:1", CENTURY_S)


async def _first_throttle(stores: Stores) -> object:
    return (await stores.throttles.all())[0]


KEPT: Mapping[str, Kept] = {
    "records": Kept(lambda to: to.records.save([a_record()]), lambda of: of.records.load(["Leads:1"])),
    "contacts": Kept(lambda to: to.contacts.save([a_member()]), lambda of: of.contacts.load([a_member().id])),
    "lists": Kept(lambda to: to.lists.add(a_list()), lambda of: of.lists.get("news")),
    "topics": Kept(lambda to: to.topics.add(a_topic()), lambda of: of.topics.get("marketing")),
    "templates": Kept(
        lambda to: to.templates.save(SavedTemplate("hello", "Hello", "<p>Hello</p>", "Hello", NOW)),
        lambda of: of.templates.get("hello"),
    ),
    "modules": Kept(
        lambda to: to.modules.save(DRAGONS),
        lambda of: of.modules.get("Dragons"),
    ),
    "syncs": Kept(lambda to: to.syncs.save(a_sync()), lambda of: of.syncs.get("leads")),
    "sync_runs": Kept(lambda to: to.sync_runs.create(a_run()), lambda of: of.sync_runs.get("leads-r1")),
    "review_runs": Kept(lambda to: to.review_runs.create(a_run()), lambda of: of.review_runs.get("leads-r1")),
    "campaigns": Kept(lambda to: to.campaigns.add(a_campaign()), lambda of: of.campaigns.get("spring")),
    "emails": Kept(_sent, lambda of: of.emails.get(an_email().id)),
    "slices": Kept(_claimed, lambda of: of.slices.holding("spring", 0)),
    "suppressions": Kept(
        lambda to: to.suppressions.add([a_suppression()]),
        lambda of: of.suppressions.details(a_suppression().contact_id),
    ),
    "events": Kept(lambda to: to.events.add([a_stored_event()]), lambda of: of.events.of_email(an_email().id)),
    "parked": Kept(lambda to: to.parked.park(a_parked_message("ab12")), lambda of: of.parked.get("ab12")),
    "throttles": Kept(lambda to: to.throttles.override("relay:default", Limits(5.0)), _first_throttle),
    "leases": Kept(
        lambda to: to.leases.take("scheduler", "host:1", CENTURY_S),
        lambda of: of.leases.take("scheduler", "host:2", 60),
    ),
}  # fmt: skip


def plain(value: object) -> Any:
    """What was read, as JSON has it: names and values, without the types that may get other names."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(each) for name, each in asdict(value).items()}
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(each) for each in value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return value if isinstance(value, (bool, int, float, type(None))) else str(value)


async def _written(mongo_url: str) -> list[dict[str, Any]]:
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongo_url, tz_aware=True)
    name = f"past_{uuid.uuid4().hex[:8]}"
    stores, found = Stores.of(client[name]), []
    try:
        for collection, kept in KEPT.items():
            await kept.write(stores)
            document = await client[name][collection].find_one({})
            found.append({"collection": collection, "document": document, "reads_as": plain(await kept.read(stores))})
    finally:
        await client.drop_database(name)
    return found


if __name__ == "__main__":
    print(dumps(asyncio.run(_written(sys.argv[1])), indent=1, ensure_ascii=False))
