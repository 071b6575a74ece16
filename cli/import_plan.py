"""What an import needs, from what was asked for: columns, target, and a job that is found again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice

from cli import lookup
from cli.csv_file import CsvFile
from cli.import_columns import Columns, of_contacts, of_module
from cli.import_rows import Maker, people, records
from cli.import_run import WINDOW, ReadWindow, windows
from cli.import_targets import List, Records, Target, whole
from config.settings import Settings
from domain.campaign import DEFAULT_TOPIC, LawfulBasis
from domain.consent import Consent, ConsentTo
from domain.contact import SubscriptionType, left
from domain.errors import InvalidDefinition, UnknownModule
from domain.imports import ImportJob, Joining
from domain.lists import MailingList
from domain.module import BUILT_IN, Module
from handlers.contact_changes import ContactChanges
from handlers.list_import import ListImport
from messages.record_changed import RecordChanged
from messages.snapshot_finished import SnapshotFinished
from repositories.stores import Stores
from workers.options import address_key, amqp_options
from workers.publisher import publishing
from workers.resources import now

DEFAULT_MODULE = "Leads"  #: of people imported for a campaign, as the CRM has it for new people


@dataclass(frozen=True, slots=True)
class Into:
    """Where they go, as it was asked for."""

    module: str | None
    list_id: str | None
    campaign_id: str | None
    snapshot: bool | None
    subscription: SubscriptionType | None
    topics: frozenset[str]
    proof: str | None
    basis: LawfulBasis | None

    @property
    def records_of(self) -> str | None:
        """The module whose records they become, or None."""
        return self.module or (DEFAULT_MODULE if self.campaign_id else None)

    def __str__(self) -> str:
        if self.list_id:
            return f"list:{self.list_id}"
        return f"campaign:{self.campaign_id}:{self.records_of}" if self.campaign_id else f"module:{self.module}"


def job_of(file: CsvFile, into: Into, said: Mapping[str, str]) -> ImportJob:
    """A new job: the same for the same bytes, read alike, and the same place, so that it is found again."""
    alike = [file.sha256, file.encoding, file.delimiter, str(into), sorted(said.items())]
    mark = hashlib.sha256(repr(alike).encode()).hexdigest()[:12]
    name = re.sub(r"[^A-Za-z0-9]+", "-", file.path.stem).strip("-")[:20]
    return ImportJob(f"{name}-{mark}" if name else mark, str(into), file.path.name, now())


async def columns_of(stores: Stores, file: CsvFile, into: Into, said: Mapping[str, str]) -> Columns:
    names = [name.strip() for name in next((cells for _, cells in rows_of(file, below=False)), [])]
    if into.records_of is None:
        return of_contacts(names, said)
    return of_module(names, await _module(stores, into.records_of), said)


def rows_of(file: CsvFile, *, below: bool = True) -> Iterator[tuple[int, list[str]]]:
    """The rows of the file; `below` leaves the header out."""
    with file.rows() as reader:
        yield from islice(reader.rows, int(below), None)


async def check_list(stores: Stores, into: Into) -> None:
    """
    Raises:
        InvalidDefinition: the list, or a topic, is not there.
    """
    await lookup.mailing_list(stores, into.list_id or "")
    for topic in sorted(into.topics - {DEFAULT_TOPIC}):
        if await stores.topics.get(topic) is None:
            raise InvalidDefinition(f"there is no topic {topic}; `campaigns topic create {topic}`")


async def _module(stores: Stores, name: str) -> Module:
    """Every row of a module that nobody described would be parked."""
    found = await stores.modules.get(name)
    if found is None:
        known = f"{', '.join(BUILT_IN)}, and those that a module-described message described"
        raise UnknownModule(f"there is no module {name}; known are {known}")
    return found


def maker(settings: Settings, columns: Columns, into: Into, job: ImportJob) -> Maker:
    if into.records_of is None:
        return people(columns)
    return records(columns, into.records_of, job.started_at, address_key(settings))


@asynccontextmanager
async def target(
    settings: Settings, stores: Stores, file: CsvFile, columns: Columns, into: Into, job: ImportJob
) -> AsyncIterator[Target]:
    if into.records_of is None:
        join = ListImport(stores.contacts, stores.suppressions, address_key(settings))
        yield List(join, _joining(settings, await lookup.mailing_list(stores, into.list_id or ""), into, job))
        return
    said = columns.record_id is not None and not into.campaign_id if into.snapshot is None else into.snapshot
    make = maker(settings, columns, into, job)
    # The file is read once more: what an import that goes on found before is known to nobody.
    snapshot = partial(_snapshot, file, columns, make, into.records_of, job.started_at) if said else None
    async with publishing(amqp_options(settings), "campaigns import") as publisher:
        yield Records(publisher, snapshot)


def _snapshot(file: CsvFile, columns: Columns, make: Maker, module: str, at: datetime) -> SnapshotFinished:
    return whole((event for window in windows(file, columns, make) for event in _events(window)), module, at)


def _events(window: ReadWindow) -> list[RecordChanged]:
    return [made for _, made in window.made if isinstance(made, RecordChanged)]


def _joining(settings: Settings, known: MailingList, into: Into, job: ImportJob) -> Joining:
    source = f"import:{job.id}"
    agreed = Consent(ConsentTo.MAIL, True, job.started_at, source, into.proof, into.basis) if into.proof else None
    return Joining(
        import_id=job.id,
        list_id=known.id,
        at=job.started_at,
        subscription=into.subscription or known.subscription,
        topics=into.topics,
        consent=agreed,
        skip_roles=settings.organisation.skip_role_addresses,
    )


def refs(file: CsvFile, columns: Columns, make: Maker) -> Iterator[list[str]]:
    """The records that the file is about, a window at a time."""
    for window in windows(file, columns, make):
        yield [f"{each.module}:{each.record_id}" for each in _events(window)]


async def list_import(stores: Stores, import_id: str) -> ImportJob:
    """
    Raises:
        InvalidDefinition: there is no such import, or it put nobody on a list.
    """
    found = await stores.imports.get(import_id)
    if found is None:
        raise InvalidDefinition(f"there is no import {import_id}; `campaigns import show` lists them")
    if not found.target.startswith("list:"):
        raise InvalidDefinition(f"import {import_id} went into records; they are changed and deleted in the CRM")
    return found


async def undone(stores: Stores, list_id: str, source: str) -> int:
    """Take everybody off the list for this reason; how many members it has then."""
    change, window = ContactChanges(stores.contacts), list[str]()
    async for contact in stores.contacts.members(list_id):
        window.append(contact)
        if len(window) == WINDOW:
            await change(window, lambda each: left(each, list_id, source))
            window.clear()
    await change(window, lambda each: left(each, list_id, source))
    return await stores.contacts.count(list_id)
