"""Series, the parents of autoresponder messages.

{_id: series id, name, list_id, status, topic, purpose, reentry, existing_members, taken_out: [key],
 steps: [{key, campaign_id, trigger: {kind, field, yearly, offset_days, at: "09:00:00" or null, message, within_days},
          delay: {amount, unit}, window: {weekdays: [0 is Monday], opens, closes} or null, since}],
 started_at, status_reason, status_at, source_order, author, created_at, revision: counts writes}
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import time
from typing import Any

from pymongo.errors import DuplicateKeyError

from domain.campaign import Purpose
from domain.errors import Conflict
from domain.series import Delay, DelayUnit, Series, SeriesStatus, Step, Trigger, TriggerKind, Window
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed

#: What a newer version adds is left alone: both run side by side for a while.
_FIELDS = frozenset(field.name for field in fields(Series))


class MongoSeries:
    def __init__(self, database: Database) -> None:
        self._series = collection(database, "series")

    async def get(self, series_id: str) -> Series | None:
        document = await answered(self._series.find_one({"_id": series_id}))
        return _series(document) if document else None

    async def add(self, series: Series) -> None:
        document = {"_id": series.id, **_document(replace(series, revision=0))}
        try:
            await answered(self._series.insert_one(document))
        except DuplicateKeyError as error:
            raise Conflict(f"series {series.id} exists already") from error

    async def save(self, series: Series, *, expected: Collection[SeriesStatus]) -> Series:
        guard = {"_id": series.id, "revision": series.revision, "status": {"$in": list(expected)}}
        result = await answered(self._series.update_one(guard, {"$set": _document(series)}))
        if not result.matched_count:
            raise Conflict(f"series {series.id} was changed by somebody else")
        return replace(series, revision=series.revision + 1)

    async def in_status(self, statuses: Collection[SeriesStatus]) -> Sequence[Series]:
        return await self._found({"status": {"$in": list(statuses)}})

    async def all(self) -> Sequence[Series]:
        return await self._found({})

    async def _found(self, query: Document) -> list[Series]:
        return [_series(document) async for document in streamed(self._series.find(query).sort("_id", 1))]


def _document(series: Series) -> Document:
    document = asdict(series)
    del document["id"]
    return {**document, "steps": [_step_document(step) for step in series.steps], "revision": series.revision + 1}


def _step_document(step: Step) -> Document:
    document, window = asdict(step), step.window
    at = step.trigger.at
    return {
        **document,
        "trigger": {**document["trigger"], "at": at.isoformat() if at is not None else None},
        "window": _window_document(window) if window else None,
    }


def _window_document(window: Window) -> Document:
    return {
        "weekdays": sorted(window.weekdays),
        "opens": window.opens.isoformat(),
        "closes": window.closes.isoformat(),
    }


def _series(document: Mapping[str, Any]) -> Series:
    known = {name: value for name, value in document.items() if name in _FIELDS}
    return Series(
        **{
            **known,
            "id": document["_id"],
            "status": SeriesStatus(document["status"]),
            "purpose": Purpose(document["purpose"]),
            "steps": tuple(_step(each) for each in document["steps"]),
            "taken_out": tuple(document.get("taken_out", ())),
        }
    )


def _step(document: Mapping[str, Any]) -> Step:
    delay, window = document["delay"], document["window"]
    return Step(
        key=document["key"],
        campaign_id=document["campaign_id"],
        trigger=_trigger(document["trigger"]),
        delay=Delay(delay["amount"], DelayUnit(delay["unit"])),
        window=_window(window) if window else None,
        since=document["since"],
    )


def _trigger(document: Mapping[str, Any]) -> Trigger:
    at = document["at"]
    return Trigger(
        **{**document, "kind": TriggerKind(document["kind"]), "at": time.fromisoformat(at) if at is not None else None}
    )


def _window(document: Mapping[str, Any]) -> Window:
    opens, closes = (time.fromisoformat(document[name]) for name in ("opens", "closes"))
    return Window(frozenset(document["weekdays"]), opens, closes)
