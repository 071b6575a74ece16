"""A sync is to be deleted for good: its people leave the lists that only it put them on, slice by slice (D1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.errors import UnknownSync
from domain.slices import Run
from domain.sync import Sync, SyncStatus
from handlers.ports.audience import Contacts, Records
from handlers.ports.syncing import Syncs
from handlers.sync_leaving import leaving, taken_off
from handlers.sync_pages import contact_ids, pages
from handlers.sync_runs import RECORDS, SyncRuns
from handlers.sync_slices import slice_of
from messages.base import Message
from messages.sync_requested import SyncRequested


@dataclass(frozen=True, slots=True)
class SyncRemover:
    """Deletes a sync. Runs stay as its history; values, topics, consents and memberships of others stay with people.

    People are found by the records of its module: whoever is on a list because of this sync is there for a record.
    """

    syncs: Syncs
    records: Records
    contacts: Contacts
    runs: SyncRuns

    async def __call__(self, request: SyncRequested) -> Sequence[Message]:
        """One message for each slice that is not done.

        Raises:
            UnknownSync: no such sync.
            Conflict: somebody changed it at the same time.
        """
        answered = await self.runs.answering(request)
        if answered is not None:
            return await self._offered(answered)
        sync = await self.syncs.get(request.sync_id)
        if sync is None:
            raise UnknownSync(f"sync {request.sync_id} is not known; `campaigns sync show` lists all")
        if sync.status is not SyncStatus.DELETING:
            sync = await self.syncs.save(sync.moved_to(SyncStatus.DELETING))
        return await self._offered(await self.runs.deleting(sync, request))

    async def slice(self, request: SyncRequested) -> Sequence[Message]:
        """Nothing follows: whoever finishes the last slice removes the sync.

        Raises:
            UnknownSync: there is no such run.
            InvalidMessage: the run has no such slice.
            Conflict: others kept changing the same contacts.
        """
        part = await slice_of(request, self.runs.runs)
        if part.ended_at is not None:
            return []
        if not part.is_done:
            counts = await taken_off(part.subject, await self.records.within(part.keys), self.contacts)
            part = await self.runs.runs.finish_slice(part.run_id, RECORDS, part.number, counts) or part
        if part.completes:
            await self._gone(part.subject, part.run_id)
        return []

    async def preview(self, sync: Sync) -> Mapping[str, int]:
        """What the slices would count; nothing is stored."""
        counts = Counter[str](total=0)
        async for records in pages(self.records, sync.module):
            people = await self.contacts.load(contact_ids(records))
            counts.update(leaving(sync.id, records, people))
        return dict(counts)

    async def _offered(self, run: Run) -> Sequence[Message]:
        if run.ended_at is None and run.complete:
            await self._gone(run.subject, run.id)
        return await self.runs.offered(run)

    async def _gone(self, sync_id: str, run_id: str) -> None:
        await self.syncs.remove(sync_id)
        await self.runs.runs.end(run_id, self.runs.now())
