"""Every repository of one database."""

from __future__ import annotations

from dataclasses import dataclass

from repositories.campaigns import MongoCampaigns
from repositories.connection import Database
from repositories.contacts import MongoContacts
from repositories.emails import MongoEmails
from repositories.events import MongoEvents
from repositories.imports import MongoImports
from repositories.leases import MongoLeases
from repositories.lists import MongoLists
from repositories.modules import MongoModules
from repositories.parked import MongoParked
from repositories.records import MongoRecords
from repositories.runs import MongoRuns
from repositories.slices import MongoSlices
from repositories.strikes import MongoStrikes
from repositories.suppressions import MongoSuppressions
from repositories.syncs import MongoSyncs
from repositories.templates import MongoTemplates
from repositories.throttles import MongoThrottles
from repositories.topics import MongoTopics


@dataclass(frozen=True, slots=True)
class Stores:
    database: Database
    campaigns: MongoCampaigns
    contacts: MongoContacts
    emails: MongoEmails
    events: MongoEvents
    imports: MongoImports
    leases: MongoLeases
    lists: MongoLists
    modules: MongoModules
    parked: MongoParked
    records: MongoRecords
    review_runs: MongoRuns
    slices: MongoSlices
    strikes: MongoStrikes
    suppressions: MongoSuppressions
    sync_runs: MongoRuns
    syncs: MongoSyncs
    templates: MongoTemplates
    throttles: MongoThrottles
    topics: MongoTopics

    @classmethod
    def of(cls, database: Database) -> Stores:
        return cls(
            database=database,
            campaigns=MongoCampaigns(database),
            contacts=MongoContacts(database),
            emails=MongoEmails(database),
            events=MongoEvents(database),
            imports=MongoImports(database),
            leases=MongoLeases(database),
            lists=MongoLists(database),
            modules=MongoModules(database),
            parked=MongoParked(database),
            records=MongoRecords(database),
            review_runs=MongoRuns(database, "review_runs"),
            slices=MongoSlices(database),
            strikes=MongoStrikes(database),
            suppressions=MongoSuppressions(database),
            sync_runs=MongoRuns(database, "sync_runs"),
            syncs=MongoSyncs(database),
            templates=MongoTemplates(database),
            throttles=MongoThrottles(database),
            topics=MongoTopics(database),
        )

    def close(self) -> None:
        self.database.client.close()
