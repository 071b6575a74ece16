"""What happens when a sync is to run: all records of its module are carried over, slice by slice (R8-R33)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from domain.campaign import DEFAULT_TOPIC
from domain.errors import IllegalTransition, InvalidDefinition, UnknownSync
from domain.lists import MailingList, Topic
from domain.sync import Sync, SyncStatus, check_mapped, new_fields, problems, redefined
from handlers.crm_gate import CrmGate
from handlers.crm_traffic import CrmTraffic
from handlers.ports.audience import Lists, Modules, Topics
from handlers.ports.syncing import Syncs
from handlers.sync_removal import SyncRemover
from handlers.sync_runs import SyncRuns
from handlers.sync_slices import SyncSlicer
from messages.base import Message
from messages.sync_requested import SyncMode, SyncRequested

_DRAFT, _ACTIVE, _PAUSED = SyncStatus.DRAFT, SyncStatus.ACTIVE, SyncStatus.PAUSED
#: From where each run may begin. A resumed sync is active already when the worker that resumed it died.
_FROM: Mapping[SyncMode, Collection[SyncStatus]] = {
    SyncMode.INITIATE: (_DRAFT, _ACTIVE),
    SyncMode.REINITIATE: (_DRAFT, _ACTIVE),
    SyncMode.BACKFILL: (_ACTIVE,),
    SyncMode.RESUME: (_PAUSED, _ACTIVE),
}
_INSTEAD = {
    _DRAFT: "initiate it first: campaigns sync initiate {id}",
    _PAUSED: "resume it: campaigns sync resume {id}",
    SyncStatus.DELETING: "create another one",
}


@dataclass(frozen=True, slots=True)
class SyncInitiator:
    """Begins a run, or goes on with the one that is under way."""

    syncs: Syncs
    modules: Modules
    lists: Lists
    topics: Topics
    runs: SyncRuns
    gate: CrmGate | None = None  #: None: the CRM was never left

    async def __call__(self, request: SyncRequested) -> Sequence[Message]:
        """One message for each slice that is not done; none when the request was answered by a run that has ended.

        Raises:
            UnknownSync: no such sync, and the request does not define it.
            InvalidDefinition: the sync breaks rules; the text names every one of them.
            IllegalTransition: it is paused, being deleted, or was never initiated.
            NotReady: the CRM was left.
            Busy: another run over the same module and list, or of this sync, has to end first.
        """
        answered = await self.runs.answering(request)
        if answered is not None:
            return await self.runs.offered(answered)
        known = await self.syncs.get(request.sync_id)
        sync = _defined(known, request)
        fields = await self.accepted(sync, request)
        await self._make_lists(sync)
        if sync != known or sync.status is not _ACTIVE:
            sync = await self.syncs.save(sync.moved_to(_ACTIVE))
        return await self.runs.offered(await self.runs.begun(sync, request, fields))

    async def accepted(self, sync: Sync, request: SyncRequested) -> Sequence[str]:
        """The CRM fields that a backfill is about; none for other modes. Nothing is stored.

        Raises:
            InvalidDefinition, IllegalTransition, NotReady: see above.
        """
        if self.gate:
            await self.gate.check_sync(sync.id)
        _check_status(sync, request.mode)
        fields = _backfilled_fields(sync, request)
        await self._check(sync)
        return fields

    async def _check(self, sync: Sync) -> None:
        found = problems(sync, await self.modules.get(sync.module))
        found += [
            f"topics: {topic} is not known; `campaigns topic create {topic}`"
            for topic in sync.topics
            if topic != DEFAULT_TOPIC and await self.topics.get(topic) is None
        ]
        if found:
            raise InvalidDefinition(f"sync {sync.id}: {'; '.join(found)}")

    async def _make_lists(self, sync: Sync) -> None:
        """A target list that is not there is created with the sync (R11)."""
        for list_id in sync.lists:
            await self.lists.add(MailingList(list_id, list_id))
        if DEFAULT_TOPIC in sync.topics:
            await self.topics.add(Topic(DEFAULT_TOPIC, DEFAULT_TOPIC.capitalize()))


@dataclass(frozen=True, slots=True)
class SyncRunner:
    """Takes requests for runs, and the slices of runs. Taking a sync away is what leaving asks for itself."""

    initiate: SyncInitiator
    slice: SyncSlicer
    remove: SyncRemover
    traffic: CrmTraffic

    async def __call__(self, request: SyncRequested) -> Sequence[Message]:
        if request.mode is SyncMode.DELETE:
            return await (self.remove(request) if request.run_id is None else self.remove.slice(request))
        async with self.traffic.passing():
            return await (self.initiate(request) if request.run_id is None else self.slice(request))


def _defined(known: Sync | None, request: SyncRequested) -> Sync:
    """The sync as the request wants it."""
    if request.definition is not None:
        wanted = request.definition.to_sync(request.sync_id)
        return redefined(known, wanted) if known else wanted
    if known is None:
        raise UnknownSync(f"sync {request.sync_id} is not known; create it, or send its definition along")
    return known


def _check_status(sync: Sync, mode: SyncMode) -> None:
    if sync.status not in _FROM[mode]:
        instead = _INSTEAD.get(sync.status, "initiate it: campaigns sync initiate {id}").format(id=sync.id)
        raise IllegalTransition(f"sync {sync.id} is {sync.status}, so {mode} cannot be done; {instead}")


def _backfilled_fields(sync: Sync, request: SyncRequested) -> list[str]:
    """The CRM fields that a backfill is about; none for any other mode."""
    if request.mode is not SyncMode.BACKFILL:
        return []
    check_mapped(sync, request.fields)
    fields = list(dict.fromkeys(request.fields)) or new_fields(sync)
    if not fields:
        raise InvalidDefinition(f"fields: none was added to the map of sync {sync.id} since it was made; name some")
    return fields
