"""The one connector to MongoDB, and how every collection is read and written.

Writes are acknowledged by a majority of the replica set, so that no failover takes them back; reads see only such
writes. Times come back aware, in UTC.
"""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import Any, TypeAlias

from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection, AsyncIOMotorDatabase
from pymongo import WriteConcern
from pymongo.errors import ConfigurationError, InvalidURI
from pymongo.read_concern import ReadConcern
from pymongo.topology_description import TOPOLOGY_TYPE

from domain.errors import StoreUnavailable
from repositories.errors import answered

Document: TypeAlias = dict[str, Any]
Database: TypeAlias = "AsyncIOMotorDatabase[Document]"
Collection: TypeAlias = "AsyncIOMotorCollection[Document]"

#: A write that no majority confirms in this time counts as unanswered.
MAJORITY = WriteConcern("majority", wtimeout=10_000)
#: Longer than any command of ours; without it a silent network would hold a worker for hours.
SOCKET_TIMEOUT_S = 60.0


def connect(
    url: str,
    database: str,
    *,
    timeout_s: float = 5.0,
    ca_file: Path | None = None,
    certificate_key_file: Path | None = None,
) -> Database:
    """The database. Nothing is dialled yet: `ping` does, and every call afterwards; `close` with `.client.close()`.

    `timeout_s` is how long a call looks for a primary before it says that there is none. A `ca_file` turns TLS on.

    Raises:
        StoreUnavailable: the URL is none, or a host name of mongodb+srv cannot be looked up.
    """
    options = _tls(ca_file, certificate_key_file)
    try:
        client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
            url,
            appname="crm-campaigns",
            tz_aware=True,
            retryWrites=True,
            serverSelectionTimeoutMS=int(timeout_s * 1000),
            connectTimeoutMS=int(timeout_s * 1000),
            socketTimeoutMS=int(SOCKET_TIMEOUT_S * 1000),
            **options,
        )
    except (InvalidURI, ConfigurationError, ValueError, OSError) as error:
        raise StoreUnavailable(f"MongoDB cannot be connected to: {error}") from error
    return client[database]


def _tls(ca_file: Path | None, certificate_key_file: Path | None) -> dict[str, Any]:
    files = {"tlsCAFile": ca_file, "tlsCertificateKeyFile": certificate_key_file}
    given = {name: str(path) for name, path in files.items() if path}
    return {"tls": True, **given} if given else {}


async def ping(database: Database) -> str:
    """The server's version, once it answers as a primary of a replica set.

    Raises:
        StoreUnavailable: it does not answer, refuses the credentials, or is not a replica set.
    """
    hello = await answered(database.command("hello"))
    if "setName" not in hello:
        raise StoreUnavailable("this MongoDB is not a replica set; start mongod with --replSet and initiate it")
    build = await answered(database.client.server_info())
    return str(build["version"])


def collection(database: Database, name: str) -> Collection:
    """A collection with the guarantees of this module, whatever the client was opened with."""
    options: CodecOptions[Document] = CodecOptions(tz_aware=True, tzinfo=UTC)
    return database.get_collection(
        name, codec_options=options, write_concern=MAJORITY, read_concern=ReadConcern("majority")
    )


def is_sharded(of: Collection) -> bool:
    """Whether a mongos answers. As far as is known: before the first answer, no."""
    return bool(of.database.client.topology_description.topology_type == TOPOLOGY_TYPE.Sharded)
