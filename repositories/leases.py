"""Leases, and things that happen once.

{_id: name, owner, until: end on the server's clock}, and {_id: "once:<name>"}
"""

from __future__ import annotations

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from repositories.connection import Database, collection
from repositories.errors import answered
from repositories.server_clock import in_seconds


class MongoLeases:
    def __init__(self, database: Database) -> None:
        self._leases = collection(database, "leases")

    async def take(self, name: str, owner: str, lease_s: float) -> bool:
        mine = {"$literal": owner}
        free = {"$or": [{"$eq": ["$owner", mine]}, {"$lte": ["$until", "$$NOW"]}]}  # missing is lower than any time
        changes = {
            "owner": {"$cond": [free, mine, "$owner"]},
            "until": {"$cond": [free, in_seconds(lease_s), "$until"]},
        }
        taken = self._leases.find_one_and_update(
            {"_id": name}, [{"$set": changes}], upsert=True, return_document=ReturnDocument.AFTER
        )
        return bool((await answered(taken))["owner"] == owner)

    async def give_back(self, name: str) -> None:
        await answered(self._leases.delete_one({"_id": name}))

    async def any_held(self, prefix: str) -> bool:
        named = {"_id": {"$gte": prefix, "$lt": prefix + "\uffff"}}
        await answered(self._leases.delete_many({**named, "$expr": {"$lte": ["$until", "$$NOW"]}}))
        return await answered(self._leases.find_one(named, {"_id": 1})) is not None

    async def once(self, name: str) -> bool:
        try:
            await answered(self._leases.insert_one({"_id": f"once:{name}"}))
        except DuplicateKeyError:
            return False
        return True

    async def forget(self, name: str) -> None:
        await answered(self._leases.delete_one({"_id": f"once:{name}"}))
