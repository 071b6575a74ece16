"""Which worker may have how many connections to a relay: fields of the relay's throttle.

{_id: "relay:<name>", …, holders: [the fields of `domain.connection_shares.Holder`], holders_revision: int}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from domain.connection_shares import ConnectionAsk, Holder, shared
from domain.errors import Conflict
from repositories.connection import Collection, Document
from repositories.errors import answered, streamed

_TRIES = 20  #: each one lost to another worker that asked at the same moment


async def connect(throttles: Collection, ask: ConnectionAsk, now_ms: Any) -> int | None:
    """How many connections the worker may have from now on; None: as many as it likes.

    Raises:
        Conflict: others kept asking at the same moment.
    """
    for _ in range(_TRIES):
        known = await _known(throttles, ask.name, now_ms)
        limit = (known.get("override") or asdict(ask.limits))["connections"]
        if limit is None and not known.get("holders"):
            return None
        if not known:
            await answered(throttles.update_one({"_id": ask.name}, {"$setOnInsert": {"limited": False}}, upsert=True))
        elif await _stored(throttles, ask, known, found := _shared(known, ask, limit)):
            return found[1]
    raise Conflict(f"{ask.name}: other workers kept asking for connections at the same moment")


async def _known(throttles: Collection, name: str, now_ms: Any) -> Document:
    fields = {"override": 1, "holders": 1, "holders_revision": 1, "now_ms": {"$add": [now_ms, 0]}}
    found = throttles.aggregate([{"$match": {"_id": name}}, {"$project": fields}])
    return next(iter([document async for document in streamed(found)]), {})


def _shared(known: Mapping[str, Any], ask: ConnectionAsk, limit: int | None) -> tuple[tuple[Holder, ...], int | None]:
    holders = [Holder(**each) for each in known.get("holders", ())]
    return shared(holders, ask, limit, known["now_ms"])


async def _stored(
    throttles: Collection,
    ask: ConnectionAsk,
    known: Mapping[str, Any],
    found: tuple[tuple[Holder, ...], int | None],
) -> bool:
    """False when another worker was first."""
    revision = known.get("holders_revision")
    limits = known.get("override") or asdict(ask.limits)
    changed = {
        "holders": [asdict(each) for each in found[0]],
        "holders_revision": (revision or 0) + 1,
        "limits": limits,
    }
    unchanged = {"_id": ask.name, "holders_revision": revision}  # null matches a field that is missing
    result = await answered(throttles.update_one(unchanged, {"$set": changed}))
    return bool(result.matched_count)
