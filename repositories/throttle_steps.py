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
        {"$set": {"needy": {"$filter": {"input": "$live", "cond": {"$gt": ["$$this.need", 0]}}}}},
        {"$set": {"told": _told(ask)}},
        {"$set": _slowed(ask)},
        {"$set": _recovered(ask)},
        {"$set": {"limited": LIMITED, "per_s": _pace(), "open": {"$gte": ["$now_ms", "$until_ms"]}}},
        {"$set": {"parts": _parts(ask), "first_ms": _first()}},
        {"$set": {"since_s": _since_s(ask)}},
        {"$set": {"answer": _answer(ask)}},
        {"$set": {"next_ms": _next(), "takers": _takers(ask)}},
        {"$unset": ["now_ms", "live", "needy", "parts", "first_ms", "since_s", "told", "per_s", "open"]},
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


def _parts(ask: Ask) -> Document:
    """Of each campaign that is asked for, the part of this worker."""
    others = {"$filter": {"input": "$needy", "as": "other", "cond": {"$in": ["$$of", "$$other.campaigns"]}}}
    part = {"$divide": [1, {"$add": [1, {"$size": others}]}]}
    return {"$map": {"input": {"$literal": list(ask.campaigns)}, "as": "of", "in": part}}


def _first() -> Document:
    """The first moment that can be given away."""
    kept = {"$gte": ["$next_ms", {"$subtract": ["$now_ms", 1000 * throttle.KEPT_S]}]}
    return {"$cond": [kept, "$next_ms", "$now_ms"]}


def _since_s(ask: Ask) -> Document:
    mine = {"$filter": {"input": "$takers", "cond": {"$eq": ["$$this.worker", {"$literal": ask.worker}]}}}
    asked_ms = {"$ifNull": [{"$min": {"$map": {"input": mine, "in": "$$this.at_ms"}}}, 0.0]}
    since_s = {"$divide": [{"$subtract": ["$now_ms", asked_ms]}, 1000]}
    short = {"$lt": ["$first_ms", {"$add": ["$now_ms", 1000 * throttle.LEAD_S]}]}
    return {"$cond": [short, throttle.HORIZON_S, {"$min": [throttle.HORIZON_S, since_s]}]}


def _share(ask: Ask) -> Document:
    union = {"$setUnion": ["$$value", "$$this"]}
    mine = {"$literal": list(ask.campaigns)}
    campaigns = {"$size": {"$reduce": {"input": "$needy.campaigns", "initialValue": mine, "in": union}}}
    fair = {"$multiply": ["$per_s", "$since_s", {"$divide": [{"$sum": "$parts"}, campaigns]}]}
    left = {"$subtract": [{"$multiply": ["$per_s", throttle.HORIZON_S]}, {"$sum": "$needy.need"}]}
    return {"$max": [1, {"$floor": {"$add": [fair, 0.5]}}, {"$ceil": left}]}


def _answer(ask: Ask) -> Document:
    gap = {"$divide": [1000, "$per_s"]}
    ahead = {"$subtract": [{"$add": ["$now_ms", 1000 * throttle.HORIZON_S]}, "$first_ms"]}
    room = {"$max": [0, {"$ceil": {"$divide": [ahead, gap]}}]}
    limited = {"$isNumber": "$per_s"}
    got = {"$cond": [limited, {"$min": [ask.wanted, room, _share(ask)]}, ask.wanted]}
    return {
        "got": {"$cond": ["$open", got, 0]},
        "gap_ms": {"$cond": [{"$and": ["$open", limited]}, gap, 0.0]},
        "start_ms": {"$cond": [{"$and": ["$open", limited]}, {"$subtract": ["$first_ms", "$now_ms"]}, 0.0]},
        "parts": {"$cond": [{"$and": ["$open", limited]}, "$parts", []]},
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
    me = {
        "worker": {"$literal": ask.worker},
        "at_ms": "$now_ms",
        "got": "$answer.got",
        "need": {"$subtract": [ask.wanted, "$answer.got"]},
        "campaigns": {"$literal": list(ask.campaigns)},
    }
    return {"$cond": ["$open", {"$concatArrays": ["$live", [me]]}, "$live"]}
