"""Turns a single mongod into a replica set of one, which transactions and change streams need."""

import time
from contextlib import suppress
from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

from domain.errors import StoreUnavailable

NAME = "rs0"
ALREADY_INITIALIZED = 23
POLL_S = 0.05

Client = MongoClient[dict[str, Any]]


def answers(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a mongod answers on that port, primary or not."""
    with suppress(PyMongoError), _direct(host, port, timeout_s=0.5) as client:
        client.admin.command("hello")
        return True
    return False


def is_primary(port: int, host: str = "127.0.0.1") -> bool:
    """Whether the mongod on that port takes writes."""
    with suppress(PyMongoError), _direct(host, port, timeout_s=2) as client:
        return _is_writable(client)
    return False


def ensure_primary(port: int, *, host: str = "127.0.0.1", timeout_s: float = 60) -> None:
    """Initiates the set unless it is, moves it to this port if it was made on another, waits until it takes writes.

    Raises:
        StoreUnavailable: no primary within `timeout_s`, or the server refused.
    """
    deadline = time.monotonic() + timeout_s
    try:
        with _direct(host, port, timeout_s) as client:
            _initiate(client, f"{host}:{port}")
            while not _is_writable(client):
                if time.monotonic() > deadline:
                    raise StoreUnavailable(f"no primary on port {port} within {timeout_s:.0f} s")
                time.sleep(POLL_S)
    except (ConnectionFailure, OperationFailure) as error:
        raise StoreUnavailable(f"replica set on port {port}: {error}") from error


def _direct(host: str, port: int, timeout_s: float) -> Client:
    return MongoClient(host, port, directConnection=True, serverSelectionTimeoutMS=int(timeout_s * 1000))


def _is_writable(client: Client) -> bool:
    return bool(client.admin.command("hello")["isWritablePrimary"])


def _initiate(client: Client, member: str) -> None:
    config = {"_id": NAME, "members": [{"_id": 0, "host": member}]}
    try:
        client.admin.command("replSetInitiate", config)
    except OperationFailure as error:
        if error.code != ALREADY_INITIALIZED:
            raise
        _move(client, member)


def _move(client: Client, member: str) -> None:
    """A member that finds itself under an address that is not in its configuration serves nobody."""
    config = client.admin.command("replSetGetConfig")["config"]
    if config["members"][0]["host"] == member:
        return
    config["members"][0]["host"] = member
    client.admin.command("replSetReconfig", config | {"version": config["version"] + 1}, force=True)
