"""The ledger: one document per campaign, contact and occurrence; its shape is in email_documents.py.

Sharded by campaign_id and hashed contact_id: in a sharded ledger every write to a row names both; queries name the
campaign, but for those about one person, which are rare.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime

from domain.activity import Wanted
from domain.books import Books, books
from domain.breakers import Counts
from domain.email import ALIVE, NO_SLICE, OPEN_STATES, DoubtReason, Email, EmailEvent, EmailState, Outcome, SkipReason
from domain.reclassification import JUDGED, Rejudged
from domain.send_times import NO_ZONE, SendTimes
from domain.summary import Summary
from repositories.bulk import insert_missing, write_guarded, written
from repositories.connection import Database, Document, collection, is_sharded
from repositories.email_documents import document_of, email_of
from repositories.email_numbers import HARM, TRIED, rows_of, within
from repositories.email_updates import UNSETTLED, hand_settled, is_id, key, outcome_updates, settling
from repositories.errors import answered, streamed
from repositories.event_updates import event_updates
from repositories.feed_mark import FeedMark, fresh_mark
from repositories.kept_summaries import KeptSummaries
from repositories.rejudging import rejudging
from repositories.replanning import replanning

_OPEN = {"$in": sorted(OPEN_STATES)}
ROWS_AT_ONCE = 5000  #: per round trip: a whole batch, whose size a setting limits to so many
_UNTOUCHED = [EmailState.PLANNED, EmailState.SKIPPED]
#: In doubt, and neither proved nor sent once more.
_DOUBTFUL: Document = {
    "state": EmailState.IN_DOUBT, "resent_at": {"$exists": False}, "proof": {"$exists": False}
}  # fmt: skip


class MongoEmails:
    def __init__(self, database: Database, *, feed: bool = True) -> None:
        self._emails = collection(database, "emails")
        self._kept = KeptSummaries(database)
        self._feed = feed

    async def plan(self, rows: Sequence[Email]) -> None:
        async with self._kept.changing({row.campaign_id for row in rows}):
            await insert_missing(self._emails, [document_of(row) for row in rows])

    async def drop(self, campaign_id: str) -> int:
        touched = {"campaign_id": campaign_id, "state": {"$nin": _UNTOUCHED}}
        if await answered(self._emails.find_one(touched, {"_id": 1})):
            return 0
        async with self._kept.changing([campaign_id]):
            return (await answered(self._emails.delete_many({"campaign_id": campaign_id}))).deleted_count

    async def open_slices(self, campaign_id: str) -> Sequence[int]:
        open_rows = {"campaign_id": campaign_id, "state": _OPEN, "slice": {"$ne": NO_SLICE}}
        return sorted(await answered(self._emails.distinct("slice", open_rows)))

    async def due_in_slice(self, campaign_id: str, number: int) -> Sequence[Email]:
        rows = self._emails.find({"campaign_id": campaign_id, "slice": number, "state": _OPEN}).sort("_id", 1)
        return [email_of(document) for document in await answered(rows.batch_size(ROWS_AT_ONCE).to_list(None))]

    async def store(self, outcomes: Sequence[Outcome]) -> None:
        await written(self._emails, outcome_updates(outcomes, self._mark()))
        if doubted := [each.email_id for each in outcomes if each.state is EmailState.IN_DOUBT]:
            await self._settle(_all(doubted))

    async def apply(self, events: Sequence[EmailEvent]) -> frozenset[str]:
        told = [event for event in events if is_id(event.email_id)]
        found = await written(self._emails, event_updates(told, self._mark(), sharded=is_sharded(self._emails)))
        await self._kept.changed({event.email_id.partition(":")[0] for event in told})
        named = frozenset(event.email_id for event in events)
        return frozenset() if found == len(named) else named - await self._known({event.email_id for event in told})

    async def doubt(
        self, campaign_id: str, number: int, at: datetime, *, through: str | None = None, detail: str | None = None
    ) -> int:
        rows: Document = {"campaign_id": campaign_id, "slice": number}
        begun = {} if through is None else {"_id": {"$lte": through}}
        changes = {"state": EmailState.IN_DOUBT, "reason": DoubtReason.WORKER_DIED, "detail": detail, "state_at": at}
        doubted = self._emails.update_many({**rows, **begun, "state": _OPEN}, {"$set": changes})
        count = (await answered(doubted)).modified_count
        await self._settle(rows)
        return count

    async def doubtful(self, campaign_id: str, since: datetime, limit: int) -> Sequence[str]:
        rows = self._emails.find({"campaign_id": campaign_id, **_DOUBTFUL, "state_at": {"$lte": since}}, {"_id": 1})
        return [document["_id"] async for document in streamed(rows.sort("state_at", 1).limit(limit))]

    async def resend(self, ids: Sequence[str], number: int, at: datetime) -> int:
        changes = {"state": EmailState.PLANNED, "slice": number, "state_at": at, "resent_at": at}
        planned = self._emails.update_many({**_all(ids), **_DOUBTFUL}, {"$set": changes})
        return (await answered(planned)).modified_count

    async def settle(
        self,
        campaign_id: str,
        ids: Sequence[str] | None,
        state: EmailState,
        *,
        reason: str | None,
        by: str,
        at: datetime,
    ) -> int:
        named: Document = {} if ids is None else {"_id": {"$in": list(ids)}}
        rows = {"campaign_id": campaign_id, "state": EmailState.IN_DOUBT, **named}
        settled = self._emails.update_many(rows, hand_settled(state, reason, f"settled by {by}", at, self._mark()))
        return (await answered(settled)).modified_count

    async def resent(self, campaign_id: str) -> int:
        """How many were sent once more out of doubt: so many people at most have a mail twice."""
        rows = {"campaign_id": campaign_id, "resent_at": {"$exists": True}}
        return await answered(self._emails.count_documents(rows))

    async def due(self, campaign_id: str, now: datetime, limit: int) -> Sequence[str]:
        waiting = {"campaign_id": campaign_id, "slice": NO_SLICE, "state": _OPEN}
        cursor = self._emails.find({**waiting, "next_at": {"$lte": now}}, {"_id": 1}).sort("next_at", 1)
        return [document["_id"] async for document in streamed(cursor.limit(limit))]

    async def time_zones(self, campaign_id: str) -> Mapping[str, int]:
        stages: list[Document] = [
            {"$match": _planned(campaign_id)},
            {"$group": {"_id": "$time_zone", "count": {"$sum": 1}}},
        ]
        return {found["_id"] or NO_ZONE: found["count"] async for found in streamed(self._emails.aggregate(stages))}

    async def wait_for(self, campaign_id: str, first: int, end: int, times: SendTimes) -> None:
        there: Document = {"slice": {"$gte": first, "$lt": end}}
        changes = {"slice": NO_SLICE, "next_at": _time_of_zone(times)}
        await answered(self._emails.update_many({**_planned(campaign_id), **there}, [{"$set": changes}]))

    async def hasten(self, campaign_id: str, at: datetime) -> None:
        waiting = {**_planned(campaign_id), "slice": NO_SLICE, "next_at": {"$gt": at}}
        await answered(self._emails.update_many(waiting, {"$set": {"next_at": at}}))

    async def put_in_slice(self, ids: Sequence[str], number: int, *, out_of: int) -> None:
        if ids:
            there = {**_all(ids), "slice": out_of, "state": _OPEN}
            moved = self._emails.update_many(there, {"$set": {"slice": number}})
            await answered(moved)

    async def skip_open(self, campaign_id: str, reason: str, at: datetime) -> int:
        changes = {
            "$set": {"state": EmailState.SKIPPED, "reason": reason, "state_at": at},
            "$unset": {"detail": "", "next_at": ""},
        }
        again = {"campaign_id": campaign_id, "state": _OPEN, "resent_at": {"$exists": True}}
        doubt = {"$set": {"state": EmailState.IN_DOUBT, "state_at": at}, "$unset": {"next_at": ""}}
        await answered(self._emails.update_many(again, doubt))
        skipped = self._emails.update_many({"campaign_id": campaign_id, "state": _OPEN}, changes)
        return (await answered(skipped)).modified_count

    async def of_addresses(self, campaign_id: str, addresses: Collection[str]) -> Sequence[Email]:
        identities = [address.lower() for address in addresses]
        return await self._found({"campaign_id": campaign_id, "identity": {"$in": identities}})

    async def books(self, campaign_id: str, selected: int) -> Books:
        kinds = {"_id": {"state": "$state", "reason": "$reason"}, "count": {"$sum": 1}}
        stages: list[Document] = [{"$match": {"campaign_id": campaign_id}}, {"$group": kinds}]
        counts = {
            (EmailState(found["_id"]["state"]), found["_id"].get("reason")): found["count"]
            async for found in streamed(self._emails.aggregate(stages))
        }
        return books(selected, counts, await self._conflicts(campaign_id))

    async def harm(self, campaign_id: str) -> Counts:
        counted = {name: await self._count(campaign_id, query) for name, query in HARM.items()}
        return Counts(
            hard_bounced=counted["hard_bounced"] + counted["bounced_later"],
            complaints=counted["complaints"],
            sender_faults=counted["sender_faults"],
        )

    async def tried(self, campaign_id: str) -> int:
        return await self._count(campaign_id, TRIED)

    async def get(self, email_id: str) -> Email | None:
        document = await answered(self._emails.find_one(key(email_id))) if is_id(email_id) else None
        return email_of(document) if document else None

    async def of_contact(self, campaign_id: str, contact_id: str) -> Sequence[Email]:
        """All occurrences, the first one first."""
        rows = {"$gt": f"{campaign_id}:{contact_id}:", "$lt": f"{campaign_id}:{contact_id};"}
        return await self._found({"_id": rows, "campaign_id": campaign_id, "contact_id": contact_id})

    async def summary(self, campaign_id: str) -> Summary:
        """The numbers of one campaign (R86)."""
        return (await self.summaries([campaign_id]))[campaign_id]

    async def summaries(self, campaign_ids: Collection[str]) -> Mapping[str, Summary]:
        """The numbers of each of these campaigns (R82), by id; all zero where there is no email."""
        return await self._kept.summaries(campaign_ids)

    async def activity(
        self, campaign_id: str, number: str, *, module: str | None = None, limit: int = 100
    ) -> AsyncIterator[Email]:
        """The emails behind a number of the summary (`NUMBERS`), of people from one module if named, by id."""
        wanted = Wanted(number, modules=frozenset({module} if module else ()))
        async for row in self.people(campaign_id, wanted, chosen="", limit=limit):
            yield row

    async def people(
        self, campaign_id: str, wanted: Wanted, *, chosen: str, after: str = "", limit: int = 0
    ) -> AsyncIterator[Email]:
        """Those who are wanted (R88-R92), by id, from the one after `after` on; 0 lists all of them.

        `chosen` is the campaign's member status of those who were added.
        """
        rows = rows_of(campaign_id, wanted, chosen)
        rows["_id"]["$gt"] = max(after, rows["_id"]["$gt"])
        async for document in streamed(self._emails.find(rows).sort("_id", 1).limit(limit)):
            yield email_of(document)

    async def load(self, ids: Collection[str]) -> Sequence[Email]:
        return await self._found(_all(ids)) if ids else []

    async def judged(self, campaign_id: str, since: datetime | None = None) -> AsyncIterator[Email]:
        async for row in self.ended(campaign_id, JUDGED, since):
            yield row

    async def rejudge(self, rejudged: Sequence[Rejudged]) -> frozenset[str]:
        ids = [each.row.id for each in rejudged]
        async with self._kept.changing({each.row.campaign_id for each in rejudged}):
            return await write_guarded(
                self._emails, ids, lambda mark: [rejudging(each, self._mark(), saved_by=mark) for each in rejudged]
            )

    async def ended(
        self, campaign_id: str, states: Collection[EmailState], since: datetime | None = None
    ) -> AsyncIterator[Email]:
        """In the order of the ids out of their index: a sort of so many rows is more than MongoDB has memory for."""
        rows: Document = {**within(campaign_id), "state": {"$in": sorted(states)}}
        when = {"state_at": {"$gte": since}} if since else {}
        async for document in streamed(self._emails.find({**rows, **when}).sort("_id", 1).hint([("_id", 1)])):
            yield email_of(document)

    async def replan(self, rows: Sequence[Email], by: str, at: datetime) -> int:
        async with self._kept.changing({row.campaign_id for row in rows}):
            return await written(self._emails, [replanning(row, by, at, self._mark()) for row in rows])

    async def of_people(self, contact_ids: Collection[str]) -> Sequence[Email]:
        return await self._found({"contact_id": {"$in": list(contact_ids)}})

    async def last_alive(self, contact_ids: Collection[str]) -> Mapping[str, datetime]:
        latest = {"$max": {"$max": [f"$times.{status}" for status in ALIVE]}}
        stages: list[Document] = [
            {"$match": {"contact_id": {"$in": list(contact_ids)}}},
            {"$group": {"_id": "$contact_id", "at": latest}},
            {"$match": {"at": {"$ne": None}}},
        ]
        return {document["_id"]: document["at"] async for document in streamed(self._emails.aggregate(stages))}

    async def _count(self, campaign_id: str, query: Document) -> int:
        return await answered(self._emails.count_documents({"campaign_id": campaign_id, **query}))

    async def _found(self, query: Document) -> list[Email]:
        return [email_of(document) async for document in streamed(self._emails.find(query).sort("_id", 1))]

    async def _known(self, ids: Collection[str]) -> frozenset[str]:
        cursor = self._emails.find(_all(ids), {"_id": 1})
        return frozenset([document["_id"] async for document in streamed(cursor)])

    def _mark(self) -> FeedMark:
        return fresh_mark(self._feed)

    async def _settle(self, rows: Document) -> None:
        """Give rows in doubt the state that events have proved."""
        await answered(self._emails.update_many({**rows, **UNSETTLED}, settling(self._mark())))

    async def _conflicts(self, campaign_id: str) -> dict[str, int]:
        skipped = {"campaign_id": campaign_id, "state": EmailState.SKIPPED, "reason": SkipReason.TOPIC_CONFLICT}
        stages: list[Document] = [{"$match": skipped}, {"$group": {"_id": "$detail", "count": {"$sum": 1}}}]
        return {found["_id"] or "": found["count"] async for found in streamed(self._emails.aggregate(stages))}


def _planned(campaign_id: str) -> Document:
    return {"campaign_id": campaign_id, "state": EmailState.PLANNED}


def _time_of_zone(times: SendTimes) -> Document | datetime:
    zone = {"$ifNull": ["$time_zone", NO_ZONE]}
    cases = [{"case": {"$in": [zone, list(zones)]}, "then": at} for at, zones in times.zones_by_time.items()]
    return {"$switch": {"branches": cases, "default": times.otherwise}} if cases else times.otherwise


def _all(ids: Collection[str]) -> Document:
    """Several rows, with the campaigns that they are of."""
    return {"_id": {"$in": list(ids)}, "campaign_id": {"$in": sorted({each.split(":")[0] for each in ids})}}
