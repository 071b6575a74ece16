"""Syncs.

{_id: sync id, name, module, lists: [id], subscription, topics: [id], update_empty_values,
 field_map: [{k: CRM field, v: contact field}], map_version, field_versions: [{k: CRM field, v: map version}],
 status, revision: counts writes}
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pymongo.errors import DuplicateKeyError

from domain.contact import SubscriptionType
from domain.errors import Conflict
from domain.sync import Sync, SyncStatus
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed
from repositories.values import pairs, unpaired


class MongoSyncs:
    def __init__(self, database: Database) -> None:
        self._syncs = collection(database, "syncs")

    async def get(self, sync_id: str) -> Sync | None:
        document = await answered(self._syncs.find_one({"_id": sync_id}))
        return _sync(document) if document else None

    async def save(self, sync: Sync) -> Sync:
        # Without a revision: written before there were any.
        known = {"$in": [0, None]} if sync.revision == 0 else sync.revision
        saving = self._syncs.replace_one({"_id": sync.id, "revision": known}, _document(sync), upsert=not sync.revision)
        try:
            result = await answered(saving)
        except DuplicateKeyError as error:
            raise _overtaken(sync) from error
        if not result.matched_count and result.upserted_id is None:
            raise _overtaken(sync)
        return replace(sync, revision=sync.revision + 1)

    async def remove(self, sync_id: str) -> None:
        await answered(self._syncs.delete_one({"_id": sync_id}))

    async def active(self, modules: Collection[str] | None = None) -> Sequence[Sync]:
        of = {} if modules is None else {"module": {"$in": list(modules)}}
        return await self._found({"status": SyncStatus.ACTIVE, **of})

    async def all(self) -> Sequence[Sync]:
        """In the order of their ids."""
        return await self._found({})

    async def _found(self, query: Document) -> list[Sync]:
        return [_sync(document) async for document in streamed(self._syncs.find(query).sort("_id", 1))]


def _overtaken(sync: Sync) -> Conflict:
    return Conflict(f"sync {sync.id} was changed by somebody else at the same time")


def _document(sync: Sync) -> Document:
    return {
        "name": sync.name,
        "module": sync.module,
        "lists": list(sync.lists),
        "subscription": sync.subscription,
        "topics": list(sync.topics),
        "update_empty_values": sync.update_empty_values,
        "field_map": pairs(sync.field_map),
        "map_version": sync.map_version,
        "field_versions": pairs(sync.field_versions),
        "status": sync.status,
        "revision": sync.revision + 1,
    }


def _sync(document: Mapping[str, Any]) -> Sync:
    return Sync(
        id=document["_id"],
        name=document["name"],
        module=document["module"],
        lists=tuple(document["lists"]),
        subscription=SubscriptionType(document["subscription"]),
        topics=tuple(document["topics"]),
        update_empty_values=document["update_empty_values"],
        field_map=unpaired(document["field_map"]),
        map_version=document["map_version"],
        status=SyncStatus(document["status"]),
        field_versions=unpaired(document.get("field_versions", ())),
        revision=document.get("revision", 0),
    )
