"""Every index that we rely on, each with the query it serves. The _id index of each collection is MongoDB's own."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from pymongo import IndexModel
from pymongo.errors import OperationFailure

from domain.errors import CampaignsError
from repositories.connection import Database, collection
from repositories.errors import answered

#: IndexOptionsConflict, IndexKeySpecsConflict (src/mongo/base/error_codes.yml).
_DIFFERS = frozenset({85, 86})


class IndexMismatch(CampaignsError):
    """MongoDB has one of our indexes with other properties; names it, with MongoDB's text."""


@dataclass(frozen=True, slots=True)
class Index:
    collection: str
    keys: tuple[str, ...]  #: ascending, unless it begins with "-"
    serves: str  #: what would scan the collection without it
    only_with: str = ""  #: the field that documents must have to be in it: the others cost nothing
    unique: bool = False  #: no two documents have the same


INDEXES = (
    Index("audit", ("-at", "_id"), "what was changed lately"),
    Index("audit", ("subject", "-at", "_id"), "what was changed about one campaign, sync or person"),
    Index("campaigns", ("feed",), "campaigns that the feed is to tell of", "feed"),
    Index("campaigns", ("status", "status_at"), "which campaigns the scheduler looks at"),
    Index("contacts", ("memberships.list", "_id"), "the members of a list, in pages and in slices; their number"),
    Index("contacts", ("memberships.list", "memberships.since"), "who came to be on a list lately: series"),
    Index("emails", ("campaign_id", "identity"), "emails by address: explain, events that name an address"),
    # Without the state: storing an outcome then touches one index only, and a slice has few rows.
    Index("emails", ("campaign_id", "slice", "next_at"), "what is due, in a slice and altogether"),
    Index("emails", ("campaign_id", "state", "reason"), "the books, without reading a row; the numbers"),
    Index("emails", ("campaign_id", "bounced"), "breakers: mails that bounced after they were taken", "bounced"),
    Index("emails", ("campaign_id", "times.complained"), "breakers: complaints", "times.complained"),
    Index("emails", ("contact_id",), "all that was ever sent to one person: contact show, verdicts that flip"),
    Index("emails", ("feed",), "emails that the feed is to tell of", "feed"),
    Index("erasures", ("again_at",), "whose late news are looked for", "again_at"),
    Index("events", ("email_id", "at"), "what was reported of one email"),
    Index("imports", ("-started_at", "_id"), "the imports, the newest first"),
    Index("outbox", ("stream", "number"), "replays of the feed; no number of a stream is given twice", unique=True),
    Index("outbox", ("waiting", "stream", "number"), "what is numbered and not published", "waiting"),
    Index("outbox", ("contact_id",), "what the feed keeps of one person: erasure", "contact_id"),
    Index("parked", ("queue", "-parked_at"), "parked messages of a queue, the newest first"),
    Index("parked", ("queue", "reason"), "how many parked messages there are of each kind, without reading one"),
    Index("parked", ("parked_at",), "parked messages that are too old"),
    Index("records", ("module", "deleted"), "how many records of a module there are"),
    Index("records", ("projected.contact_id",), "whose records these are: erasure", "projected.contact_id"),
    Index("review_runs", ("subject", "-started_at"), "the last review of a campaign"),
    Index("selections", ("campaign_id", "revision"), "what was kept for earlier revisions of a campaign"),
    Index("selections", ("selection", "refs"), "which of some records were picked, without reading the others"),
    Index("series", ("status",), "the series that run"),
    Index("series_entries", ("contact_id",), "a person's ways through series; who is woken"),
    Index("series_entries", ("series_id", "waits"), "who waits for a message that does not send", "waits"),
    Index("series_entries", ("series_id", "next_at"), "whose turn it is in a series; who is under way", "next_at"),
    Index("slices", ("campaign_id", "state", "number"), "which slices are open, held, abandoned"),
    Index("suppressions", ("feed",), "suppressions that the feed is to tell of", "feed"),
    Index("sync_runs", ("feed",), "runs that the feed is to tell of", "feed"),
    Index("sync_runs", ("holds",), "one open run of a sync, and of a module and list, at a time", "holds", unique=True),
    Index("sync_runs", ("subject", "-started_at"), "the last runs of a sync"),
    Index("syncs", ("status", "module"), "the active syncs of a module"),
    Index("test_mails", ("at",), "test mails that are too old"),
    Index("throttles", ("limited",), "what the workers look for once a second, however many there are"),
    Index("unattributed", ("contact_ids",), "the reports that name one person: contact show, erasure"),
    Index("unattributed", ("at",), "the newest reports that lead to nobody; those that are too old"),
)

#: By which MongoDB removed documents by itself; how long they are kept is a setting now (config/retention.py).
_RETIRED = (("test_mails", "expires_at_1"), ("unattributed", "expires_at_1"))
_NOT_THERE = frozenset({26, 27})  #: NamespaceNotFound, IndexNotFound


async def ensure_indexes(database: Database) -> None:
    """Create what is missing; what is there stays. Collections come into being with their indexes.

    Raises:
        IndexMismatch: one exists differently; it has to be dropped first.
        StoreUnavailable: MongoDB does not answer; any part may be created.
    """
    for name, indexes in groupby(INDEXES, key=lambda index: index.collection):
        models = [_model(index) for index in indexes]
        try:
            await answered(collection(database, name).create_indexes(models))
        except OperationFailure as error:
            if error.code not in _DIFFERS:
                raise
            told = str(error).partition(", full error")[0]
            raise IndexMismatch(f"collection {name}: {told}; drop that index and try again") from error
    await _retire(database)


async def _retire(database: Database) -> None:
    for name, index in _RETIRED:
        try:
            await answered(collection(database, name).drop_index(index))
        except OperationFailure as error:
            if error.code not in _NOT_THERE:
                raise


def _model(index: Index) -> IndexModel:
    partial = {"partialFilterExpression": {index.only_with: {"$exists": True}}} if index.only_with else {}
    unique = {"unique": True} if index.unique else {}
    return IndexModel([_direction(key) for key in index.keys], **partial, **unique)


def _direction(key: str) -> tuple[str, int]:
    return (key.removeprefix("-"), -1 if key.startswith("-") else 1)
