"""Leases by the clock of the MongoDB server: the clocks of workers may differ by more than a lease is long."""

from __future__ import annotations

from typing import Any


def in_seconds(seconds: float) -> dict[str, Any]:
    """For an update pipeline: so many seconds from now."""
    return {"$add": ["$$NOW", int(seconds * 1000)]}


def is_over(field: str) -> dict[str, Any]:
    """For $expr: whether the moment in `field` ("$name") has come; a moment that is missing never does."""
    return {"$and": [{"$gt": [field, None]}, {"$lte": [field, "$$NOW"]}]}
