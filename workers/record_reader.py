"""What a preview and a test mail show of a record that is nobody's contact yet."""

from __future__ import annotations

from config.settings import Settings
from handlers.record_reader import RecordReader
from handlers.review_people import People
from repositories.stores import Stores
from workers.options import address_key


def record_reader(stores: Stores, settings: Settings) -> RecordReader:
    people = People(stores.records, stores.contacts, stores.modules, stores.selections)
    return RecordReader(people, stores.syncs, stores.suppressions, address_key(settings))
