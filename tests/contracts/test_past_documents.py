"""Documents of every past version are read by this code: an old and a new version run side by side, on old data.

When a test here fails, a change of a collection was not additive. Mend the code, not the file: give a new field a
default for documents without it, keep reading what was renamed or retyped, or leave the old field as it is and add
another. Add a file for a new version with `python -m tests.past.documents`; those that are there never change.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bson.json_util import JSONOptions, loads
from motor.motor_asyncio import AsyncIOMotorDatabase

from repositories.connection import Document
from repositories.stores import Stores
from tests.past.documents import KEPT, plain

VERSIONS = sorted((Path(__file__).parents[1] / "past/documents").glob("v*.json"))
AWARE = JSONOptions(tz_aware=True, unicode_decode_error_handler="strict")
PAST = [(version.stem, entry) for version in VERSIONS for entry in loads(version.read_text(), json_options=AWARE)]
NAMES = [f"{version} {entry['collection']}" for version, entry in PAST]


def kept(then: Any, now: Any) -> bool:
    """Whether everything that was read then is read now; more may be."""
    if isinstance(then, dict):
        return isinstance(now, dict) and all(name in now and kept(then[name], now[name]) for name in then)
    if isinstance(then, list):
        return isinstance(now, list) and len(then) == len(now) and all(map(kept, then, now))
    return bool(then == now)


def test_there_are_documents_of_the_first_version() -> None:
    assert {entry["collection"] for version, entry in PAST if version == "v1"} == set(KEPT)


@pytest.mark.parametrize(("version", "entry"), PAST, ids=NAMES)
async def test_a_past_document_reads_as_it_did(
    mongo_database: AsyncIOMotorDatabase[Document], version: str, entry: Document
) -> None:
    collection = entry["collection"]
    await mongo_database[collection].insert_one(entry["document"])
    now = plain(await KEPT[collection].read(Stores.of(mongo_database)))
    assert kept(entry["reads_as"], now), f"{version}: read then {entry['reads_as']}, now {now}"
