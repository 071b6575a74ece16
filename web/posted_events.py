"""From a body of CloudEvents to messages, or to what is wrong with each of them. Pure.

Structured, batched and binary, as the HTTP binding has them (github.com/cloudevents/spec, http-protocol-binding.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from urllib.parse import unquote

from pydantic import ValidationError
from pydantic_core import to_json

from domain.errors import InvalidMessage
from messages.base import Message
from messages.catalog import INCOMING
from messages.envelope import CONTENT_TYPE, MAX_BODY_BYTES, Envelope, check_clock, data_of, type_of
from web.ports import Told
from web.strict_json import strict

BATCH_TYPE = "application/cloudevents-batch+json"
JSON_TYPE = "application/json"  #: of the data, in binary mode
READ = (CONTENT_TYPE, BATCH_TYPE, JSON_TYPE)

_BY_TYPE: Mapping[str, type[Message]] = {type_of(model): model for model in INCOMING.values()}
#: Fields of the work that we cut into slices, and of the time that the scheduler saw come: not to be made up.
_OURS = frozenset({"run_id", "phase", "slice", "due"})
#: No text of a CloudEvent has these (core specification, Type System).
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class FieldError:
    index: int  #: of the event in its batch, from 0
    field: str  #: empty: the event as a whole
    reason: str  #: without the value: it may be personal data

    def as_json(self) -> Mapping[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Judged:
    """Events in their order, and what is wrong with the others: nothing, or nothing may be published."""

    told: Sequence[Told]
    errors: Sequence[FieldError]


def entries_of(media_type: str, headers: Mapping[str, str], body: bytes) -> Sequence[object] | None:
    """The events as they were posted, not looked at yet; None where it is nothing that is read.

    Raises:
        InvalidMessage: it is no JSON, or no list where it says that it is a batch.
    """
    if media_type == BATCH_TYPE:
        found = strict(body)
        if not isinstance(found, list):
            raise InvalidMessage("body: a batch is a list of events")
        return found
    if media_type == CONTENT_TYPE:
        return [strict(body)]
    if media_type == JSON_TYPE and "ce-specversion" in headers:
        return [_binary(headers, body)]
    return None


def _binary(headers: Mapping[str, str], body: bytes) -> Mapping[str, object]:
    try:
        attributes = {
            name[3:]: unquote(value, errors="strict") for name, value in headers.items() if name.startswith("ce-")
        }
    except UnicodeDecodeError as error:  # replaced, two ids would become one
        raise InvalidMessage("headers: percent-encoded, and not UTF-8") from error
    return {**attributes, "data": strict(body)}


def judged(entries: Sequence[object], now: datetime, *, may_be_large: bool) -> Judged:
    """The messages, each once however often it is in the batch. `may_be_large`: one of them could be too large."""
    told: dict[tuple[str, str], tuple[Told, object]] = {}
    errors: list[FieldError] = []
    for index, entry in enumerate(entries):
        found = _read(index, entry, now, may_be_large=may_be_large)
        if not isinstance(found, Told):
            errors += found
            continue
        _, known = told.setdefault((found.source, found.id), (found, entry))
        if known is not entry and known != entry:
            errors.append(FieldError(index, "id", "is there twice in this batch, of the same source, and says another"))
    return Judged([each for each, _ in told.values()], errors)


def _read(index: int, entry: object, now: datetime, *, may_be_large: bool) -> Told | Sequence[FieldError]:
    if not isinstance(entry, dict):
        return [FieldError(index, "", "an event is an object")]
    try:
        if may_be_large and len(to_json(entry)) > MAX_BODY_BYTES:
            return [FieldError(index, "", f"more than {MAX_BODY_BYTES} bytes")]
        event = Envelope.model_validate(entry)
        if odd := [name for name in ("id", "source") if _CONTROL.search(getattr(event, name))]:
            return [FieldError(index, name, "has a control character") for name in odd]
        model = _BY_TYPE.get(event.type)
        if model is None:
            return [FieldError(index, "type", f"none of {', '.join(_BY_TYPE)}")]
        if made_up := sorted(_OURS & event.data.keys() & model.model_fields.keys()):
            return [FieldError(index, f"data.{name}", "is ours alone to say") for name in made_up]
        return _checked(event, _message(event, model), now)
    except _DataInvalid as invalid:
        return _listed(index, invalid.error, "data")
    except ValidationError as error:
        return _listed(index, error)
    except InvalidMessage as error:
        field, _, reason = str(error).partition(": ")
        return [FieldError(index, field, reason)]


class _DataInvalid(Exception):
    def __init__(self, error: ValidationError) -> None:
        super().__init__()
        self.error = error


def _message(event: Envelope, model: type[Message]) -> Message:
    try:
        return data_of(event, model)
    except ValidationError as error:
        raise _DataInvalid(error) from error


def _checked(event: Envelope, message: Message, now: datetime) -> Told:
    check_clock(event, message, now)
    return Told(
        message,
        event.id,
        event.time or now,
        event.source,
        correlation_id=event.correlationid,
        causation_id=event.causationid,
        traceparent=event.traceparent,
    )


def _listed(index: int, error: ValidationError, *inside: str) -> Sequence[FieldError]:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return [FieldError(index, ".".join([*inside, *map(str, each["loc"])]), each["msg"]) for each in found[:20]]
