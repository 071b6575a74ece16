"""What Zoho CRM posts to a notify URL (Notification API, `actions/watch`), and the record-changed events in it.

Pure: `campaigns publish --from zoho` reads files with it, and an HTTP endpoint may call it in the same way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from domain.errors import InvalidMessage
from domain.record import Operation
from messages.envelope import in_words
from messages.record_changed import ModuleName, RecordChanged

#: Zoho's word for it, in its events and in what is subscribed to.
_OPERATIONS: Mapping[str, Operation] = {
    "insert": Operation.CREATE,
    "create": Operation.CREATE,
    "update": Operation.UPDATE,
    "edit": Operation.UPDATE,
    "delete": Operation.DELETE,
    "undelete": Operation.UNDELETE,
    "restore": Operation.UNDELETE,
}


def _as_text(value: Any) -> Any:
    """An id as text. Python reads a whole number of 19 digits exactly; one that was rounded before is lost."""
    if isinstance(value, float):
        raise ValueError("an id that was read as a floating-point number has lost digits; pass the body on as it came")
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


ZohoId = Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=200, pattern=r"^[^|]+$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class AffectedValues(_Part):
    record_id: ZohoId
    values: dict[str, Any] | None = None  #: null where a field was emptied


class ZohoNotification(_Part):
    """One notification: an operation on any number of records of one module."""

    module: ModuleName  #: the module's API name
    operation: str
    ids: list[ZohoId] = Field(min_length=1)
    affected_values: list[AffectedValues] = Field(default_factory=list)  #: with return_affected_field_values
    affected_fields: list[dict[str, list[str]]] = Field(default_factory=list)  #: record id -> names, no values
    server_time: int | None = Field(None, ge=0, le=253_402_300_799_999)  #: milliseconds since 1970
    channel_id: ZohoId | None = None
    token: str | None = None  #: what the channel was subscribed with; whoever takes HTTP requests compares it


@dataclass(frozen=True, slots=True)
class ZohoEvent:
    id: str  #: the same for the same news: Zoho gives none, and posts again what was not answered in time
    change: RecordChanged


def parse_zoho(payload: Any) -> ZohoNotification:
    """
    Raises:
        InvalidMessage: it is none of Zoho's notifications; names each field and what is wrong with it.
    """
    try:
        return ZohoNotification.model_validate(payload)
    except ValidationError as error:
        raise InvalidMessage(in_words(error)) from error


def zoho_events(notification: ZohoNotification, received_at: datetime) -> Sequence[ZohoEvent]:
    """One event per record and kind of news; those without values ask for the record (`record-wanted`).

    `received_at` stands for the time of notifications without one.

    Raises:
        InvalidMessage: an operation that is not known, or a value that no event can carry.
    """
    operation = _OPERATIONS.get(notification.operation.strip().lower().rpartition(".")[2])
    if operation is None:
        known = ", ".join(_OPERATIONS)
        raise InvalidMessage(f"operation: {notification.operation[:100]!r} is not known; known are {known}")
    values = {each.record_id: each.values for each in notification.affected_values if each.values}
    told = list(dict.fromkeys([*notification.ids, *values]))
    return [
        event
        for record_id in told
        for event in _of_record(notification, record_id, operation, values.get(record_id), received_at)
    ]


def _of_record(
    notification: ZohoNotification,
    record_id: str,
    operation: Operation,
    values: Mapping[str, Any] | None,
    received_at: datetime,
) -> list[ZohoEvent]:
    """A delete needs no values; what it names besides (who did it) is no news of the person."""
    if operation is Operation.DELETE or not values:
        return [_event(notification, record_id, operation, None, received_at)]
    # Values of a new record are those of the fields that the channel watches: no claim that the others are empty.
    delta = Operation.UPDATE if operation is Operation.CREATE else operation
    events = [_event(notification, record_id, delta, values, received_at)]
    if not _named(notification, record_id) <= values.keys():
        events.append(_event(notification, record_id, Operation.UPDATE, None, received_at))
    return events


def _named(notification: ZohoNotification, record_id: str) -> frozenset[str]:
    """Fields that changed, with their values or without."""
    return frozenset(name for each in notification.affected_fields for name in each.get(record_id, ()))


def _event(
    notification: ZohoNotification,
    record_id: str,
    operation: Operation,
    values: Mapping[str, Any] | None,
    received_at: datetime,
) -> ZohoEvent:
    at = received_at
    if notification.server_time is not None:
        seconds, milliseconds = divmod(notification.server_time, 1000)
        at = datetime.fromtimestamp(seconds, UTC).replace(microsecond=milliseconds * 1000)
    try:
        change = RecordChanged(
            module=notification.module,
            record_id=record_id,
            operation=operation,
            fields=None if values is None else {name: value for name, value in values.items() if value is not None},
            cleared_fields=[name for name, value in (values or {}).items() if value is None],
            changed_at=at,
        )
    except ValidationError as error:
        raise InvalidMessage(in_words(error)) from error
    return ZohoEvent(_id(notification, change, values), change)


def _id(notification: ZohoNotification, change: RecordChanged, values: Mapping[str, Any] | None) -> str:
    news = [
        notification.channel_id, notification.server_time, change.module, change.record_id, change.operation, values,
    ]  # fmt: skip
    return f"zoho:{hashlib.sha256(json.dumps(news, sort_keys=True).encode()).hexdigest()[:40]}"
