"""Driver errors in our words. That a server is away is ours to say; a wrong query is a bug and stays what it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from bson.errors import InvalidDocument, InvalidStringData
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    CursorNotFound,
    DuplicateKeyError,
    ExecutionTimeout,
    OperationFailure,
    WriteConcernError,
)

from domain.errors import CampaignsError, InvalidMessage, StoreUnavailable

T = TypeVar("T")

DUPLICATE_KEY = 11000
#: Server codes (src/mongo/base/error_codes.yml) that mean: not now, not here, or not as this user.
AWAY = frozenset(
    {6, 7, 13, 18, 43, 50, 64, 89, 91, 100, 112, 133, 134, 189, 202, 237, 262, 317, 10107, 11600, 11602, 13435, 13436}
)

#: A document that is larger than 16 MB, as it came or as it would become.
TOO_LARGE = frozenset({10334, 17419, 17420})


@contextmanager
def mongo_errors() -> Iterator[None]:
    """Whatever the driver raises inside, as one of our errors where it is one of theirs.

    Raises:
        StoreUnavailable: MongoDB did not answer, has no primary, or did not let us in.
        InvalidMessage: a document is larger than MongoDB takes, or holds what BSON cannot.
    """
    try:
        yield
    except (ConnectionFailure, ExecutionTimeout, CursorNotFound) as error:
        raise _away("does not answer", error) from error
    except OperationFailure as error:
        raise _refusal(error) from error
    except (InvalidDocument, InvalidStringData, OverflowError, UnicodeEncodeError) as error:
        raise _unstorable() from error


async def answered(call: Awaitable[T]) -> T:
    """What the driver answers to one call; raises as `mongo_errors` does."""
    with mongo_errors():
        return await call


async def streamed(cursor: AsyncIterator[T]) -> AsyncIterator[T]:
    """The documents of a cursor, one by one; raises as `mongo_errors` does."""
    with mongo_errors():
        async for document in cursor:
            yield document


def _refusal(error: OperationFailure) -> CampaignsError | OperationFailure:
    if _codes(error) & TOO_LARGE:
        return _unstorable()
    if isinstance(error, DuplicateKeyError) or not _is_away(error):
        return error
    return _away("cannot do it now", error)


def _away(how: str, error: Exception) -> StoreUnavailable:
    """A refused login comes as either kind of error: from the first connection, or from one opened later."""
    words = _first_words(error)
    if "authentication failed" in words.lower():
        return StoreUnavailable("MongoDB refuses this user and password; check them, and authSource, in its URL")
    return StoreUnavailable(f"MongoDB {how}: {words}")


def _unstorable() -> InvalidMessage:
    return InvalidMessage("it cannot be stored: more than 16 MB, or a value that is neither text nor number")


def _codes(error: OperationFailure) -> set[int | None]:
    if isinstance(error, BulkWriteError):
        return {each["code"] for each in error.details.get("writeErrors", ())}
    return {error.code}


def _is_away(error: OperationFailure) -> bool:
    retryable = error.has_error_label("RetryableWriteError") or error.has_error_label("TransientTransactionError")
    unconfirmed = isinstance(error, BulkWriteError) and error.details.get("writeConcernErrors")
    return isinstance(error, WriteConcernError) or bool(unconfirmed) or retryable or bool(_codes(error) & AWAY)


def _first_words(error: Exception) -> str:
    """Without the descriptions of the whole topology and of the answer that the driver appends."""
    text = str(error)
    for appended in (", Timeout:", " (configured timeouts:", ", full error:"):
        text = text.partition(appended)[0]
    return text[:300]
