"""Sync runs and review runs: two collections of one shape, sync_runs and review_runs.

{_id: run id, subject, phase, ranges: [{number, after, through, label}], done: [number],
 counts_by_slice: {"<phase>-<number>": [{k: name, v: count}]}, mode, options: [{k, v}], started_at, ended_at,
 ended_because, requests: [source and id of events], holds: [text], only while it is open,
 feed: see feed_mark.py, of a sync run that has ended}

Counts stand under their slice, so that a slice that ran twice counts once. `started_at` and `ended_at` are dates. A
unique index on `holds` keeps two runs from holding the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pymongo import ReturnDocument

from domain.errors import Conflict
from domain.slices import KeyRange, Run, RunSlice, check_slice
from repositories.bulk import insert_missing
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed
from repositories.feed_mark import fresh_mark
from repositories.values import pairs, unpaired

_NEWEST_FIRST = [("started_at", -1), ("_id", -1)]
_MOST_SLICES = 2**31 - 1  #: what MongoDB takes for a place in an array; no document of 16 MB has as many
#: By label: the last of several with one name is the one that stays.
_LAST_KEYS = {"$arrayToObject": {"$map": {"input": "$ranges", "in": {"k": "$$this.label", "v": "$$this.through"}}}}


class MongoRuns:
    def __init__(self, database: Database, name: Literal["sync_runs", "review_runs"], *, feed: bool = False) -> None:
        self._runs = collection(database, name)
        self._feed = feed

    async def create(self, run: Run) -> None:
        await insert_missing(self._runs, [_document(run)])

    async def get(self, run_id: str) -> Run | None:
        return _run(await answered(self._runs.find_one({"_id": run_id})))

    async def slice(self, run_id: str, number: int) -> RunSlice | None:
        return _slice(await answered(self._runs.find_one({"_id": run_id}, _slice_fields(number))), number)

    async def finish_slice(self, run_id: str, phase: str, number: int, counts: Mapping[str, int]) -> RunSlice | None:
        changes = {
            "$addToSet": {"done": number},
            "$set": {f"counts_by_slice.{phase}-{number}": pairs(counts)},
        }
        finished = self._runs.find_one_and_update(
            {"_id": run_id, "phase": phase},
            changes,
            projection=_slice_fields(number),
            return_document=ReturnDocument.AFTER,
        )
        return _slice(await answered(finished), number)

    async def advance(self, run: Run, phase: str, ranges: Sequence[KeyRange]) -> Run:
        changes = {"phase": phase, "ranges": [_range_document(each) for each in ranges], "done": []}
        advanced = await self._changed({"_id": run.id, "phase": run.phase}, {"$set": changes})
        stored = advanced or await self.get(run.id)
        if stored is None:
            raise Conflict(f"run {run.id} is gone")
        return stored

    async def end(self, run_id: str, at: datetime, because: str = "") -> bool:
        ending = {"ended_at": at, "ended_because": because, **fresh_mark(self._feed)}
        changes = {"$set": ending, "$unset": {"holds": ""}}
        ended = self._runs.update_one({"_id": run_id, "ended_at": None}, changes)
        return bool((await answered(ended)).modified_count)

    async def asked(self, subject: str, request: str) -> Run | None:
        asked = {"subject": subject, "requests": request}
        return _run(await answered(self._runs.find_one(asked, sort=_NEWEST_FIRST)))

    async def join(self, run_id: str, request: str) -> None:
        await answered(self._runs.update_one({"_id": run_id}, {"$addToSet": {"requests": request}}))

    async def holder(self, holds: Collection[str]) -> Run | None:
        return _run(await answered(self._runs.find_one({"holds": {"$in": sorted(holds)}})))

    async def history(self, subject: str, limit: int) -> Sequence[Run]:
        """Its last runs, the newest first."""
        cursor = self._runs.find({"subject": subject}).sort(_NEWEST_FIRST).limit(limit)
        return [run async for document in streamed(cursor) if (run := _run(document))]

    async def latest(self, subject: str) -> Run | None:
        """The run of this sync or campaign that was started last."""
        return _run(await answered(self._runs.find_one({"subject": subject}, sort=_NEWEST_FIRST)))

    async def _changed(self, guard: Document, changes: Document) -> Run | None:
        after = ReturnDocument.AFTER
        return _run(await answered(self._runs.find_one_and_update(guard, changes, return_document=after)))


def _document(run: Run) -> Document:
    return {
        "_id": run.id,
        "subject": run.subject,
        "phase": run.phase,
        "ranges": [_range_document(each) for each in run.ranges],
        "done": sorted(run.done),
        "counts_by_slice": {},
        "mode": run.mode,
        "options": pairs(run.options),
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "ended_because": run.ended_because,
        "requests": sorted(run.requests),
        **({"holds": sorted(run.holds)} if run.holds else {}),
    }


def _range_document(keys: KeyRange) -> Document:
    return {"number": keys.number, "after": keys.after, "through": keys.through, "label": keys.label}


def _run(document: Mapping[str, Any] | None) -> Run | None:
    return None if document is None else run_of(document)


def run_of(document: Mapping[str, Any]) -> Run:
    return Run(
        id=document["_id"],
        subject=document["subject"],
        phase=document["phase"],
        ranges=tuple(KeyRange(**each) for each in document["ranges"]),
        done=frozenset(document["done"]),
        counts=_summed(document["counts_by_slice"]),
        mode=document["mode"],
        options=unpaired(document["options"]),
        started_at=document["started_at"],
        ended_at=document["ended_at"],
        ended_because=document.get("ended_because", ""),
        requests=frozenset(document.get("requests", ())),
        holds=frozenset(document.get("holds", ())),
    )


def _slice_fields(number: int) -> Document:
    """What a `RunSlice` is made of. Of a run of 800 slices that is 1 kB where all of it is 200."""
    return {
        **dict.fromkeys(("subject", "phase", "mode", "options", "ended_at", "ended_because"), 1),
        "keys": {"$slice": ["$ranges", min(max(number, 0), _MOST_SLICES), 1]},
        "slices": {"$size": "$ranges"},
        "is_done": {"$in": [number, "$done"]},
        "slices_done": {"$size": "$done"},
        "last_keys": {"$objectToArray": _LAST_KEYS},
    }


def _slice(document: Mapping[str, Any] | None, number: int) -> RunSlice | None:
    if document is None:
        return None
    check_slice(document["_id"], number, document["slices"])
    return RunSlice(
        run_id=document["_id"],
        subject=document["subject"],
        phase=document["phase"],
        keys=KeyRange(**document["keys"][0]),
        is_done=document["is_done"],
        slices_left=document["slices"] - document["slices_done"],
        last_keys=unpaired(document["last_keys"]),
        mode=document["mode"],
        options=unpaired(document["options"]),
        ended_at=document["ended_at"],
        ended_because=document.get("ended_because", ""),
    )


def _summed(by_slice: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for counts in by_slice.values():
        total.update(unpaired(counts))
    return dict(total)
