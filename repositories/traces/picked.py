"""Records that campaigns picked one by one: the record's stand-in takes its place, so that it is still counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from domain.campaign import Campaign, CampaignStatus, hash_of
from domain.erasure import Person
from domain.errors import Conflict
from repositories.campaigns import MongoCampaigns
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed

_ROUNDS = 5  #: of taking in what others changed first


class CampaignTraces:
    """Recipients that stand in the campaign itself. What was reviewed stays reviewed: nobody else is picked."""

    collection = "campaigns"

    def __init__(self, database: Database) -> None:
        self._documents = collection(database, self.collection)
        self._campaigns = MongoCampaigns(database, feed=False)

    async def of(self, person: Person) -> Sequence[Mapping[str, Any]]:
        found = self._documents.find(_picked(person, "recipients.refs"), {"_id": 1, "name": 1})
        return [document async for document in streamed(found)]

    async def erase(self, person: Person) -> int:
        if not person.refs:
            return 0
        return sum([await self._erase(document["_id"], person) for document in await self.of(person)])

    async def _erase(self, campaign_id: str, person: Person) -> int:
        for _ in range(_ROUNDS):
            campaign = await self._campaigns.get(campaign_id)
            if campaign is None or (after := _without(campaign, person)) == campaign:
                return 0
            try:
                await self._campaigns.save(after, expected=list(CampaignStatus))
            except Conflict:
                continue
            return 1
        raise Conflict(f"campaign {campaign_id} kept changing; erase once more")


def _without(campaign: Campaign, person: Person) -> Campaign:
    refs = tuple(person.refs.get(ref, ref) for ref in campaign.recipients.refs)
    after = replace(campaign, recipients=replace(campaign.recipients, refs=refs))
    unchanged = campaign.reviewed_hash is not None and campaign.reviewed_hash == hash_of(campaign)
    return replace(after, reviewed_hash=hash_of(after)) if unchanged else after


class SelectionTraces:
    """Recipients that are kept apart, and those that filters picked."""

    collection = "selections"

    def __init__(self, database: Database) -> None:
        self._selections = collection(database, self.collection)

    async def of(self, person: Person) -> Sequence[Mapping[str, Any]]:
        found = self._selections.find(await self._theirs(person), {"_id": 1, "campaign_id": 1})
        return [document async for document in streamed(found)]

    async def erase(self, person: Person) -> int:
        if not person.refs:
            return 0
        theirs = await self._theirs(person)
        changed = self._selections.update_many(theirs, [{"$set": {"refs": _replaced(person)}}])
        return (await answered(changed)).modified_count

    async def _theirs(self, person: Person) -> Document:
        """With the keys of all selections, as the index begins with the key: it reads only chunks with the person."""
        keys = await answered(self._selections.distinct("selection"))
        return {"selection": {"$in": keys}, **_picked(person, "refs")}


def _replaced(person: Person) -> Document:
    cases = [
        {"case": {"$eq": ["$$this", {"$literal": ref}]}, "then": {"$literal": to}} for ref, to in person.refs.items()
    ]
    return {"$map": {"input": "$refs", "in": {"$switch": {"branches": cases, "default": "$$this"}}}}


class RunTraces:
    """Runs name the record where a slice ends: the one before it takes its place, so that slices stay as they were."""

    def __init__(self, database: Database, name: Literal["sync_runs", "review_runs"]) -> None:
        self._name = name
        self._runs = collection(database, name)
        self._records = collection(database, "records")

    @property
    def collection(self) -> str:
        return self._name

    async def of(self, person: Person) -> Sequence[Mapping[str, Any]]:
        ends: list[Document] = [_picked(person, f"ranges.{end}") for end in ("after", "through")]
        found = self._runs.find({"$or": ends}, {"_id": 1, "subject": 1})
        return [document async for document in streamed(found)]

    async def erase(self, person: Person) -> int:
        changed = 0
        for ref in person.refs:
            before = await self._before(ref)
            for end in ("after", "through"):
                at_end = {f"ranges.{end}": ref}
                moved = {"$set": {f"ranges.$[each].{end}": before}}
                done = self._runs.update_many(at_end, moved, array_filters=[{f"each.{end}": ref}])
                changed += (await answered(done)).modified_count
        return changed

    async def _before(self, ref: str) -> str:
        """The last record before it; the beginning of its module if there is none."""
        module = f"{ref.partition(':')[0]}:"
        found = self._records.find_one({"_id": {"$gt": module, "$lt": ref}}, {"_id": 1}, sort=[("_id", -1)])
        earlier = await answered(found)
        return str(earlier["_id"]) if earlier else module


def _picked(person: Person, field: str) -> Document:
    return {field: {"$in": list(person.refs)}}
