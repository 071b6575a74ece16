"""Every repository of one database."""

from __future__ import annotations

from dataclasses import dataclass

from repositories.anonymous_visits import MongoAnonymousVisits
from repositories.audit import MongoAudit
from repositories.campaigns import MongoCampaigns
from repositories.connection import Database
from repositories.contacts import MongoContacts
from repositories.emails import MongoEmails
from repositories.erasures import MongoErasures
from repositories.events import MongoEvents
from repositories.feed_marks import MongoFeedMarks
from repositories.figures import MongoFigures
from repositories.imports import MongoImports
from repositories.integrations import MongoIntegrations
from repositories.leases import MongoLeases
from repositories.lists import MongoLists
from repositories.modules import MongoModules
from repositories.outbox import MongoOutbox
from repositories.parked import MongoParked
from repositories.records import MongoRecords
from repositories.replays import MongoReplays
from repositories.runs import MongoRuns
from repositories.selections import MongoSelections
from repositories.series import MongoSeries
from repositories.series_entries import MongoEntries
from repositories.series_figures import MongoSeriesFigures
from repositories.slices import MongoSlices
from repositories.strikes import MongoStrikes
from repositories.suppressions import MongoSuppressions
from repositories.syncs import MongoSyncs
from repositories.templates import MongoTemplates
from repositories.test_mails import MongoTestMails
from repositories.throttles import MongoThrottles
from repositories.tokens import MongoApiTokens
from repositories.topics import MongoTopics
from repositories.unattributed import MongoUnattributed
from repositories.webhook_positions import MongoWebhookPositions


@dataclass(frozen=True, slots=True)
class Stores:
    database: Database
    anonymous_visits: MongoAnonymousVisits
    api_tokens: MongoApiTokens
    audit: MongoAudit
    campaigns: MongoCampaigns
    contacts: MongoContacts
    emails: MongoEmails
    erasures: MongoErasures
    events: MongoEvents
    feed_marks: MongoFeedMarks
    figures: MongoFigures
    imports: MongoImports
    integrations: MongoIntegrations
    leases: MongoLeases
    lists: MongoLists
    modules: MongoModules
    outbox: MongoOutbox
    parked: MongoParked
    records: MongoRecords
    replays: MongoReplays
    review_runs: MongoRuns
    selections: MongoSelections
    series: MongoSeries
    series_entries: MongoEntries
    series_figures: MongoSeriesFigures
    slices: MongoSlices
    strikes: MongoStrikes
    suppressions: MongoSuppressions
    sync_runs: MongoRuns
    syncs: MongoSyncs
    templates: MongoTemplates
    test_mails: MongoTestMails
    throttles: MongoThrottles
    topics: MongoTopics
    unattributed: MongoUnattributed
    webhook_positions: MongoWebhookPositions

    @classmethod
    def of(cls, database: Database, *, feed: bool = True) -> Stores:
        return cls(
            database=database,
            anonymous_visits=MongoAnonymousVisits(database),
            api_tokens=MongoApiTokens(database),
            audit=MongoAudit(database),
            campaigns=MongoCampaigns(database, feed=feed),
            contacts=MongoContacts(database),
            emails=MongoEmails(database, feed=feed),
            erasures=MongoErasures(database),
            events=MongoEvents(database),
            feed_marks=MongoFeedMarks(database),
            figures=MongoFigures(database),
            imports=MongoImports(database),
            integrations=MongoIntegrations(database),
            leases=MongoLeases(database),
            lists=MongoLists(database),
            modules=MongoModules(database),
            outbox=MongoOutbox(database),
            parked=MongoParked(database),
            records=MongoRecords(database),
            replays=MongoReplays(database),
            review_runs=MongoRuns(database, "review_runs"),
            selections=MongoSelections(database),
            series=MongoSeries(database),
            series_entries=MongoEntries(database),
            series_figures=MongoSeriesFigures(database),
            slices=MongoSlices(database),
            strikes=MongoStrikes(database),
            suppressions=MongoSuppressions(database, feed=feed),
            sync_runs=MongoRuns(database, "sync_runs", feed=feed),
            syncs=MongoSyncs(database),
            templates=MongoTemplates(database),
            test_mails=MongoTestMails(database),
            throttles=MongoThrottles(database),
            topics=MongoTopics(database),
            unattributed=MongoUnattributed(database),
            webhook_positions=MongoWebhookPositions(database),
        )

    def close(self) -> None:
        self.database.client.close()
