"""What domain/throttle.py does to a throttle, as steps of an update pipeline: one round trip, on the server's clock.

tests/contracts/test_throttles.py proves that both say the same.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from domain import throttle
from domain.throttle import Ask
from repositories.connection import Document

#: Milliseconds since 1970 on the server's clock, as a double: moments lie closer together than a millisecond.
SERVER_NOW_MS: Document = {"$toDouble": {"$toLong": "$$NOW"}}

#: Slowed down by servers, or set by hand; a field that is missing counts as null.
LIMITED: Document = {"$or": [{"$gt": ["$rate", None]}, {"$gt": ["$override", None]}]}


def steps(ask: Ask, now_ms: Any) -> list[Document]:
    """The pipeline; the answer to the worker stands in `answer` afterwards."""
    return [
        {"$set": _known(ask, now_ms)},
        {"$set": {"limits": {"$ifNull": ["$override", asdict(ask.limits)]}, "live": _live(ask.worker)}},
        {"$set": {"told": _told(ask)}},
        {"$set": _slowed(ask)},
        {"$set": _recovered(ask)},
        {"$set": {"limited": LIMITED, "per_s": _pace(), "open": {"$gte": ["$now_ms", "$until_ms"]}}},
        {"$set": {"answer": _answer(ask)}},
        {"$set": {"next_ms": _next(), "takers": _takers(ask)}},
        {"$unset": ["now_ms", "live", "told", "per_s", "open"]},
    ]


def _known(ask: Ask, now_ms: Any) -> Document:
    first: Document = {
        "next_ms": 0.0, "rate": None, "good": 0, "strikes": 0, "until_ms": 0.0, "proved": True, "takers": [],
    }  # fmt: skip
    return {
        "now_ms": now_ms,
        "override": {"$ifNull": ["$override", None]},
        **{name: {"$ifNull": [f"${name}", value]} for name, value in first.items()},
    }


def _live(worker: str) -> Document:
    """The other workers that asked lately."""
    lately = {"$gt": ["$$this.at_ms", {"$subtract": ["$now_ms", 1000 * throttle.LIVE_S]}]}
    other = {"$ne": ["$$this.worker", {"$literal": worker}]}
    return {"$filter": {"input": "$takers", "cond": {"$and": [lately, other]}}}


def _told(ask: Ask) -> Any:
    """slow, good or nothing: what comes during a pause was on its way before it."""
    what = "slow" if ask.slow else "good" if ask.good else "nothing"
    return {"$cond": [{"$lt": ["$now_ms", "$until_ms"]}, "nothing", what]}


def _when(told: str, then: Any, field: str) -> Document:
    return {"$cond": [{"$eq": ["$told", told]}, then, f"${field}"]}


def _slowed(ask: Ask) -> Document:
    used = {"$add": [float(ask.used_per_s), {"$sum": "$live.got"}]}
    known = ["$rate", "$limits.per_s", {"$cond": [{"$gt": [used, 0]}, used, None]}]
    half = {"$divide": [{"$ifNull": [{"$min": known}, 0]}, 2]}
    return {
        "rate": _when("slow", {"$max": [throttle.FLOOR_PER_S, half]}, "rate"),
        "until_ms": _when("slow", {"$add": ["$now_ms", {"$multiply": [1000, _pause_s(ask.spread)]}]}, "until_ms"),
        "strikes": _when("slow", {"$add": ["$strikes", 1]}, "strikes"),
        "proved": _when("slow", False, "proved"),
        "good": _when("slow", 0, "good"),
    }


def _pause_s(spread: float) -> Document:
    """`strikes` is still the number before this one."""
    doubled = {"$multiply": [throttle.PAUSE_S, {"$pow": [2.0, {"$min": ["$strikes", 10]}]}]}
    return {"$multiply": [{"$min": [throttle.MOST_PAUSE_S, doubled]}, 1 + throttle.JITTER * (2 * spread - 1)]}


def _recovered(ask: Ask) -> Document:
    total = {"$add": ["$good", ask.good]}
    stepped = {"$floor": {"$divide": [total, throttle.GOOD_PER_STEP]}}
    rate = {"$add": ["$rate", stepped]}  # null stays null
    free = {"$or": [{"$eq": ["$rate", None]}, {"$gte": [rate, {"$ifNull": ["$limits.per_s", throttle.FREE_PER_S]}]}]}
    return {
        "rate": _when("good", {"$cond": [free, None, rate]}, "rate"),
        "good": _when("good", {"$cond": [free, 0, {"$mod": [total, throttle.GOOD_PER_STEP]}]}, "good"),
        "strikes": _when("good", {"$cond": [free, 0, {"$max": [0, {"$subtract": ["$strikes", stepped]}]}]}, "strikes"),
        "proved": _when("good", True, "proved"),
    }


def _pace() -> Document:
    """Null where nothing limits it: $min passes nulls over."""
    return {"$min": ["$rate", "$limits.per_s", {"$cond": ["$proved", None, throttle.FLOOR_PER_S]}]}


def _answer(ask: Ask) -> Document:
    whole = {"$multiply": ["$per_s", throttle.HORIZON_S]}
    equal = {"$divide": [whole, {"$add": [{"$size": "$live"}, 1]}]}
    share = {"$ceil": {"$max": [equal, {"$subtract": [whole, {"$sum": "$live.got"}]}]}}
    first = {"$max": ["$next_ms", "$now_ms"]}
    gap = {"$divide": [1000, "$per_s"]}
    ahead = {"$subtract": [{"$add": ["$now_ms", 1000 * throttle.HORIZON_S]}, first]}
    room = {"$max": [0, {"$ceil": {"$divide": [ahead, gap]}}]}
    limited = {"$isNumber": "$per_s"}
    got = {"$cond": [limited, {"$min": [ask.wanted, room, share]}, ask.wanted]}
    return {
        "got": {"$cond": ["$open", got, 0]},
        "gap_ms": {"$cond": [{"$and": ["$open", limited]}, gap, 0.0]},
        "start_ms": {"$cond": [{"$and": ["$open", limited]}, {"$subtract": [first, "$now_ms"]}, 0.0]},
        "pause_ms": {"$max": [0.0, {"$subtract": ["$until_ms", "$now_ms"]}]},
        "workers": {"$add": [{"$size": "$live"}, 1]},
        "free": {"$and": ["$open", {"$not": [limited]}]},
    }


def _next() -> Document:
    """After the moments that were given away now."""
    first = {"$add": ["$now_ms", "$answer.start_ms"]}
    after = {"$add": [first, {"$multiply": ["$answer.got", "$answer.gap_ms"]}]}
    return {"$cond": [{"$gt": ["$answer.gap_ms", 0]}, after, "$next_ms"]}


def _takers(ask: Ask) -> Any:
    if not ask.wanted:
        return "$live"
    me = {"worker": {"$literal": ask.worker}, "at_ms": "$now_ms", "got": "$answer.got"}
    return {"$cond": ["$open", {"$concatArrays": ["$live", [me]]}, "$live"]}
