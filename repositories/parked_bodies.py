"""Bodies that are too large for a document, as GridFS files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

from gridfs.errors import NoFile
from motor.motor_asyncio import AsyncIOMotorGridFSBucket

from repositories.connection import MAJORITY, Database
from repositories.errors import answered

LARGE_BYTES = 1024 * 1024


class ParkedBodies:
    def __init__(self, database: Database) -> None:
        self._files = AsyncIOMotorGridFSBucket(database, "parked_bodies", write_concern=MAJORITY)

    async def store(self, parked_id: str, body: bytes) -> str:
        """The name of a new file: whoever drops an older one of the same message does not drop this one."""
        name = f"{parked_id}:{uuid4().hex}"
        await answered(self._files.upload_from_stream_with_id(name, parked_id, body))
        return name

    async def of(self, document: Mapping[str, Any]) -> bytes:
        stream = await answered(self._files.open_download_stream(_file(document)))
        return bytes(await answered(stream.read()))

    async def drop(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Drop the files of those that have one."""
        for document in documents:
            if document.get("body_bytes", 0) > LARGE_BYTES:
                with suppress(NoFile):
                    await answered(self._files.delete(_file(document)))


def _file(document: Mapping[str, Any]) -> str:
    """Before files had names of their own they had the message's."""
    return str(document.get("body_file", document["_id"]))
