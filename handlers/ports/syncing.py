"""Syncs, the integration with the CRM, and long work in slices."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.integration import Integration
from domain.slices import KeyRange, Run, RunSlice
from domain.sync import Sync


class Syncs(Protocol):
    async def get(self, sync_id: str) -> Sync | None: ...

    async def save(self, sync: Sync) -> Sync:
        """Store it if the stored one has this revision; as it is stored then. Raises Conflict otherwise."""

    async def remove(self, sync_id: str) -> None:
        """Forget it; its runs stay."""

    async def active(self, modules: Collection[str] | None = None) -> Sequence[Sync]:
        """Active syncs of these modules, or of all, in the order of their ids."""

    async def all(self) -> Sequence[Sync]:
        """In the order of their ids."""


class Integrations(Protocol):
    """Whether the CRM and this deployment are linked: one document."""

    async def get(self) -> Integration:
        """As it is stored; active where nobody ever changed it."""

    async def save(self, integration: Integration) -> Integration:
        """Store it if the stored one has this revision; as it is stored then. Raises Conflict otherwise."""


class Runs(Protocol):
    """Sync runs, or review runs: each kind is a store of its own."""

    async def create(self, run: Run) -> None:
        """Store it; one that is stored already stays as it is.

        Nothing is stored while another open run holds something that it holds.
        """

    async def get(self, run_id: str) -> Run | None: ...

    async def slice(self, run_id: str, number: int) -> RunSlice | None:
        """One slice of its phase, without reading all the others. Raises InvalidMessage when it has no such slice."""

    async def latest(self, subject: str) -> Run | None:
        """The run of this sync or campaign that was started last."""

    async def asked(self, subject: str, request: str) -> Run | None:
        """The last run of this sync or campaign that this request began, or joined."""

    async def join(self, run_id: str, request: str) -> None:
        """One more request that this run answers."""

    async def holder(self, holds: Collection[str]) -> Run | None:
        """An open run that holds one of these."""

    async def finish_slice(self, run_id: str, phase: str, number: int, counts: Mapping[str, int]) -> RunSlice | None:
        """Mark a slice done and keep its counts; told twice, it counts once. As it is then; None when `phase` is over.

        The last phase is never over: a repeat after the end is told its slice as well.
        """

    async def advance(self, run: Run, phase: str, ranges: Sequence[KeyRange]) -> Run:
        """Begin the next phase unless somebody did: the run as it is stored after that. Counts go on."""

    async def end(self, run_id: str, at: datetime, because: str = "") -> bool:
        """Close the run, which holds nothing from then on; False when it was closed before."""
