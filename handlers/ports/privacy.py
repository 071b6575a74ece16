"""Erasing people, and what is kept how long."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from domain.erasure import Erasure, Person
from domain.retention import Position, Step, Stock


class Traces(Protocol):
    """What one collection keeps of people; see repositories/traces."""

    @property
    def collection(self) -> str: ...

    async def of(self, person: Person) -> Sequence[Mapping[str, Any]]:
        """What there is of this person, as it is stored."""

    async def erase(self, person: Person) -> int:
        """Remove it, or take the person out of it; how many documents that changed. Done again, it changes nothing."""


class Erasures(Protocol):
    """That people were erased: no personal data."""

    async def begin(self, erasure: Erasure) -> Erasure:
        """Store it; one that is known keeps what it was and gains records. One that was lifted begins anew."""

    async def add(self, erasure_id: str, counts: Mapping[str, int]) -> None:
        """So many more documents, by collection."""

    async def done(self, erasure_id: str, at: datetime, under_way: int = 0) -> Erasure:
        """It went through, while so many mails were still being sent; the first time counts."""

    async def settled(self, erasure_id: str, again_at: datetime) -> None:
        """Nothing is looked for again, unless it was asked for anew: it is due at another time than this one then."""

    async def due(self, now: datetime, limit: int) -> Sequence[Erasure]:
        """Those to be looked at again by now, the longest due first."""

    async def get(self, erasure_id: str) -> Erasure | None: ...

    async def with_records(self, erasure_id: str, records: Collection[str]) -> None:
        """Stand-ins of records that came again with the person's address."""

    async def lift(self, erasure_id: str, at: datetime) -> None:
        """An operator lets the person come back."""

    async def count(self, module: str) -> int:
        """How many records of the module were erased and not let back."""


class Aging(Protocol):
    """One kind of what is kept for a time."""

    kind: str

    async def view(self, before: datetime | None) -> Stock:
        """What there is; None: nothing of it is ever too old."""

    async def forget(self, before: datetime, after: str, limit: int) -> Step:
        """Remove what is older, or its words: one slice, from where the last one ended."""


class RetentionPositions(Protocol):
    async def load(self) -> Mapping[str, Position]:
        """By kind."""

    async def save(self, position: Position) -> None: ...
