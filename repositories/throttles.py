"""How fast mails go, shared by all workers, and warm-ups.

{_id: "relay:<name>" | "group:<group>" | "domain:<domain>", the fields of `domain.throttle.Standing`,
 limited: whether servers slowed it down or people set it, answer: what was said to the worker that asked last,
 holders, holders_revision: see connection_shares.py}
{_id: "warmup:<sending domain>", day: days since 1970, number, used, permits: what was given last}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pymongo import ReturnDocument

from domain.connection_shares import ConnectionAsk
from domain.throttle import Ask, Grant, Limits, Standing, Taker
from domain.warm_up import DAY_MS, IDLE_DAYS, DayGrant, WarmUp, day_over_s
from repositories.connection import Database, Document, collection
from repositories.connection_shares import connect
from repositories.errors import answered, streamed
from repositories.throttle_steps import LIMITED, SERVER_NOW_MS, steps

_WARM_UP = "warmup:"


class MongoThrottles:
    def __init__(self, database: Database, now_ms: Any = SERVER_NOW_MS) -> None:
        """`now_ms` is for tests that need a clock which stands still."""
        self._throttles = collection(database, "throttles")
        self._now_ms = now_ms

    async def take(self, ask: Ask) -> Grant:
        """Report what the servers said, and take permits: never more altogether than the rate."""
        document = await self._changed(ask.name, steps(ask, self._now_ms))
        return _grant(document["answer"])

    async def warm_up(self, domain: str, wanted: int, caps: Sequence[int]) -> DayGrant:
        """Permits out of what a sending domain may send today."""
        document = await self._changed(_WARM_UP + domain, _day_steps(wanted, caps, self._now_ms))
        permits = int(document["permits"])
        return DayGrant(permits, 0 if permits == wanted else float(document["wait_ms"]) / 1000)

    async def give_back(self, domain: str, count: int) -> None:
        """`domain.warm_up.given_back` of what is stored."""
        today = {"$eq": ["$day", _today(self._now_ms)]}
        used = {"$cond": [today, {"$max": [0, {"$subtract": ["$used", count]}]}, "$used"]}
        await answered(self._throttles.update_one({"_id": _WARM_UP + domain}, [{"$set": {"used": used}}]))

    async def day_over(self, domain: str, caps: Sequence[int]) -> float:
        """Seconds until a domain that has used up its day may send again; 0 while it may."""
        stages: list[Document] = [{"$match": {"_id": _WARM_UP + domain}}, {"$set": {"now_ms": self._now_ms}}]
        document = await anext(streamed(self._throttles.aggregate(stages)), None)
        return day_over_s(_warm_up(document), caps, document["now_ms"]) if document else 0.0

    async def limited(self) -> frozenset[str]:
        """Names of the throttles that servers slowed down, or that were set by hand."""
        found = self._throttles.find({"limited": True}, {"_id": True})
        return frozenset([document["_id"] async for document in streamed(found)])

    async def connect(self, ask: ConnectionAsk) -> int | None:
        """How many connections this worker may have from now on; all together never more than the limit."""
        return await connect(self._throttles, ask, self._now_ms)

    async def override(self, name: str, limits: Limits | None) -> None:
        """Set limits that stand above the configured ones; None takes them back."""
        await self._set(name, {"override": {"$literal": asdict(limits)} if limits else None}, upsert=True)

    async def recover(self, name: str) -> None:
        """Forget what servers asked for: the limits count again at once."""
        await self._set(name, {"rate": None, "good": 0, "strikes": 0, "until_ms": 0.0, "proved": True})

    async def _set(self, name: str, changes: Document, *, upsert: bool = False) -> None:
        pipeline = [{"$set": changes}, {"$set": {"limited": LIMITED}}]
        await answered(self._throttles.update_one({"_id": name}, pipeline, upsert=upsert))

    async def all(self) -> Sequence[Standing]:
        """In the order of their names, warm-ups aside."""
        found = self._throttles.find({"_id": {"$not": {"$regex": f"^{_WARM_UP}"}}}).sort("_id", 1)
        return [_standing(document) async for document in streamed(found)]

    async def warm_ups(self) -> Sequence[WarmUp]:
        """In the order of their domains."""
        found = self._throttles.find({"_id": {"$regex": f"^{_WARM_UP}"}}).sort("_id", 1)
        return [_warm_up(document) async for document in streamed(found)]

    async def _changed(self, name: str, pipeline: Sequence[Document]) -> Document:
        update = self._throttles.find_one_and_update(
            {"_id": name}, pipeline, upsert=True, return_document=ReturnDocument.AFTER
        )
        return await answered(update)


def _day_steps(wanted: int, caps: Sequence[int], now_ms: Any) -> list[Document]:
    """`domain.warm_up.permitted` as an update pipeline."""
    idle = {"$gte": [{"$subtract": ["$today", "$day"]}, IDLE_DAYS]}
    anew = {"$or": [{"$eq": [{"$type": "$day"}, "missing"]}, idle]}
    same = {"$and": [{"$not": [anew]}, {"$lte": ["$today", "$day"]}]}
    number = {"$switch": {"branches": [{"case": anew, "then": 0}, {"case": same, "then": "$number"}],
                          "default": {"$add": ["$number", {"$min": [1, "$used"]}]}}}  # fmt: skip
    # An index beyond the array is missing: the domain is warm.
    cap = {"$ifNull": [{"$arrayElemAt": [list(caps), "$number"]}, None]}
    left = {"$max": [0, {"$subtract": [cap, "$used"]}]}
    permits = {"$cond": [{"$eq": [cap, None]}, wanted, {"$min": [wanted, left]}]}
    tomorrow_ms = {"$multiply": [{"$add": ["$day", 1]}, DAY_MS]}
    return [
        {"$set": {"today": _today(now_ms)}},
        {"$set": {"number": number, "used": {"$cond": [same, "$used", 0]},
                  "day": {"$cond": [same, "$day", "$today"]}}},
        {"$set": {"permits": permits, "wait_ms": {"$subtract": [tomorrow_ms, now_ms]}}},
        {"$set": {"used": {"$add": ["$used", "$permits"]}}},
        {"$unset": "today"},
    ]  # fmt: skip


def _today(now_ms: Any) -> Document:
    return {"$toInt": {"$floor": {"$divide": [now_ms, DAY_MS]}}}


def _grant(answer: Mapping[str, Any]) -> Grant:
    return Grant(
        permits=int(answer["got"]),
        start_s=answer["start_ms"] / 1000,
        gap_s=answer["gap_ms"] / 1000,
        parts=tuple(answer["parts"]),
        pause_s=answer["pause_ms"] / 1000,
        workers=answer["workers"],
        free=answer["free"],
    )


def _standing(document: Mapping[str, Any]) -> Standing:
    """One that was only set by hand, and never asked, has little more than its name."""
    kept = ("next_ms", "rate", "good", "strikes", "until_ms", "proved")
    known = {name: document[name] for name in kept if name in document}
    override, limits = document.get("override"), document.get("limits")
    return Standing(
        name=document["_id"],
        **known,
        takers=tuple(_taker(each) for each in document.get("takers", ())),
        override=Limits(**override) if override else None,
        limits=Limits(**limits) if limits else Limits(),
    )


def _taker(kept: Mapping[str, Any]) -> Taker:
    return Taker(**{**kept, "campaigns": tuple(kept.get("campaigns", ()))})


def _warm_up(document: Mapping[str, Any]) -> WarmUp:
    return WarmUp(document["_id"].removeprefix(_WARM_UP), document["day"], document["number"], document["used"])
