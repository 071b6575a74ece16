"""Batches of the ledger and who holds them.

{_id: "campaign_id:number", campaign_id, number, state, owner, epoch: counts claims,
 until: end of the lease, moved_at: last change of state, both times are the server's;
 started_through: the id of the last row that its worker may have begun, null: of all rows once it is started}

A holder is told apart by owner and epoch: whatever a late one asks for finds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import ReturnDocument

from domain.errors import UnknownCampaign
from domain.slices import Claim, Slice, SliceState
from repositories.bulk import insert_missing
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed
from repositories.server_clock import in_seconds, is_over

_OVER = {"$expr": is_over("$until")}
_LIVE = {"$expr": {"$gt": ["$until", "$$NOW"]}}
_HELD = [SliceState.CLAIMED, SliceState.STARTED]
_FREE: Document = {
    "state": SliceState.PLANNED, "owner": None, "until": None, "started_through": None, "moved_at": "$$NOW"
}  # fmt: skip
_DONE: Document = {"state": SliceState.DONE, "moved_at": "$$NOW"}


class MongoSlices:
    def __init__(self, database: Database) -> None:
        self._slices = collection(database, "slices")

    async def plan(self, campaign_id: str, numbers: Sequence[int]) -> None:
        await insert_missing(self._slices, [_planned(campaign_id, number) for number in numbers])

    async def claim(self, campaign_id: str, number: int, owner: str, lease_s: float) -> tuple[Claim, Slice]:
        claimed = await self._claimed({**_one(campaign_id, number), **_free_for(owner)}, owner, lease_s)
        if claimed:
            return Claim.MINE, claimed
        document = await self._with_expiry(campaign_id, number)
        if document is None:
            raise UnknownCampaign(f"campaign {campaign_id} has no slice {number}")
        return _why_not(document), _slice(document)

    async def start(self, held: Slice, lease_s: float, *, through: str | None = None) -> bool:
        begun = {"state": SliceState.STARTED, "started_through": {"$literal": through}}
        changes = {**begun, "until": in_seconds(lease_s), "moved_at": "$$NOW"}
        return await self._move({**_held_by(held), **_LIVE}, changes)

    async def renew(self, held: Slice, lease_s: float) -> bool:
        return await self._move({**_held_by(held), **_LIVE}, {"until": in_seconds(lease_s)})

    async def release(self, held: Slice) -> None:
        await self._move(_held_by(held), _FREE)

    async def finish(self, held: Slice) -> None:
        await self._move(_held_by(held), _DONE)

    async def abandoned(self, campaign_id: str) -> Sequence[Slice]:
        return await self._found({"campaign_id": campaign_id, "state": {"$in": _HELD}, **_OVER})

    async def give_up(self, abandoned: Slice) -> Slice | None:
        dead = {**_held_by(abandoned), "state": SliceState.STARTED, **_OVER}
        taken = self._slices.find_one_and_update(dead, {"$inc": {"epoch": 1}}, return_document=ReturnDocument.AFTER)
        document = await answered(taken)
        return _slice(document) if document else None

    async def close(self, abandoned: Slice) -> None:
        dead = {**_held_by(abandoned), "state": SliceState.STARTED, **_OVER}
        await self._move(dead, _DONE if abandoned.started_through is None else _FREE)

    async def held(self, campaign_id: str) -> Sequence[Slice]:
        return await self._found({"campaign_id": campaign_id, "state": {"$in": _HELD}})

    async def unfinished(self, campaign_id: str) -> Sequence[Slice]:
        return await self._found(_unfinished(campaign_id))

    async def unfinished_from(self, campaign_id: str, first: int, *, most: int) -> int:
        later = {**_unfinished(campaign_id), "number": {"$gte": first}}
        return await answered(self._slices.count_documents(later, limit=most))

    async def heads(self, campaign_id: str, first_round: int, chains: int) -> Sequence[Slice]:
        """Numbers come out of the index alone; only the heads are read."""
        chained = {"$mod": ["$number", max(1, chains)]}
        # Those of later tries are in no chain: below 0 they get in nobody's way.
        chain = {"$cond": [{"$lt": ["$number", first_round]}, chained, {"$subtract": [-1, "$number"]}]}
        stages: list[Document] = [
            {"$match": _unfinished(campaign_id)},
            {"$group": {"_id": chain, "head": {"$min": "$number"}}},
        ]
        numbers = [found["head"] async for found in streamed(self._slices.aggregate(stages))]
        ids = [_one(campaign_id, number)["_id"] for number in numbers]
        return await self._found({**_unfinished(campaign_id), "_id": {"$in": ids}}) if ids else []

    async def holding(self, campaign_id: str, number: int) -> Slice | None:
        """One slice as it is now: who holds it, who has done it."""
        document = await answered(self._slices.find_one(_one(campaign_id, number)))
        return _slice(document) if document else None

    async def _claimed(self, free: Document, owner: str, lease_s: float) -> Slice | None:
        changes = {
            "state": SliceState.CLAIMED,
            "started_through": None,
            "owner": {"$literal": owner},
            "epoch": {"$add": ["$epoch", 1]},
            "until": in_seconds(lease_s),
            "moved_at": "$$NOW",
        }
        update = self._slices.find_one_and_update(free, [{"$set": changes}], return_document=ReturnDocument.AFTER)
        document = await answered(update)
        return _slice(document) if document else None

    async def _with_expiry(self, campaign_id: str, number: int) -> Document | None:
        """The slice, and in `over` whether its lease has run out by the server's clock."""
        stages = [{"$match": _one(campaign_id, number)}, {"$set": {"over": is_over("$until")}}]
        return await anext(streamed(self._slices.aggregate(stages)), None)

    async def _move(self, guard: Document, changes: Document) -> bool:
        result = await answered(self._slices.update_one(guard, [{"$set": changes}]))
        return bool(result.matched_count)

    async def _found(self, query: Document) -> list[Slice]:
        return [_slice(document) async for document in streamed(self._slices.find(query).sort("number", 1))]


def _unfinished(campaign_id: str) -> Document:
    others = [state for state in SliceState if state is not SliceState.DONE]
    return {"campaign_id": campaign_id, "state": {"$in": others}}


def _one(campaign_id: str, number: int) -> Document:
    return {"_id": f"{campaign_id}:{number}", "campaign_id": campaign_id}


def _free_for(owner: str) -> Document:
    """Held by nobody, by this owner without anything sent, or by one whose lease ran out before it sent anything."""
    claimed = {"state": SliceState.CLAIMED}
    return {"$or": [{"state": SliceState.PLANNED}, {**claimed, "owner": owner}, {**claimed, **_OVER}]}


def _held_by(held: Slice) -> Document:
    who = {"owner": held.owner, "epoch": held.epoch, "state": {"$in": _HELD}}
    return {**_one(held.campaign_id, held.number), **who}


def _why_not(document: Document) -> Claim:
    if document["state"] == SliceState.DONE:
        return Claim.DONE
    return Claim.ABANDONED if document["state"] == SliceState.STARTED and document["over"] else Claim.HELD


def _planned(campaign_id: str, number: int) -> Document:
    state = {"state": SliceState.PLANNED, "owner": None, "epoch": 0, "until": None, "moved_at": None}
    return {**_one(campaign_id, number), "number": number, **state}


def _slice(document: Mapping[str, Any]) -> Slice:
    return Slice(
        campaign_id=document["campaign_id"],
        number=document["number"],
        state=SliceState(document["state"]),
        owner=document["owner"],
        epoch=document["epoch"],
        moved_at=document["moved_at"],
        started_through=document.get("started_through"),
    )
