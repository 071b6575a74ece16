"""The CloudEvents 1.0 envelope in structured JSON mode (github.com/cloudevents/spec, formats/json-format.md)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NoReturn, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json, to_json

from domain.errors import InvalidMessage
from messages.base import Message

CONTENT_TYPE = "application/cloudevents+json"
SOURCE = "/crm-campaigns"  #: of the events that we publish ourselves
MAX_BODY_BYTES = 1024 * 1024  #: contracts.md; a larger one is parked whole

MOST_ID, MOST_SOURCE = 200, 500  #: characters

#: What publishers call such a body; many say nothing at all.
_READ_AS = frozenset({"", CONTENT_TYPE, "application/json", "application/octet-stream"})
_PLAIN = frozenset({"", "identity", "utf-8"})
_HOLDERS = (dict, list)
#: How far a publisher's clock may be ahead of ours.
AHEAD = timedelta(days=1)

M = TypeVar("M", bound=Message)


class Envelope(BaseModel):
    """What is known of an event before its data are looked at. Identity is (source, id)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: str = Field(pattern=r"^1\.\d+$")
    id: str = Field(min_length=1, max_length=MOST_ID)
    source: str = Field(min_length=1, max_length=MOST_SOURCE)
    type: str = Field(min_length=1, max_length=200)
    time: AwareDatetime | None = None
    datacontenttype: str | None = None
    dataschema: str | None = None
    correlationid: str | None = None  #: the id of the event that began it all
    causationid: str | None = None  #: the id of the event that led to this one
    traceparent: str | None = None  #: W3C Trace Context
    data: dict[str, Any]


def type_of(model: type[Message]) -> str:
    return f"campaigns.{model.queue}.v1"


def envelope(message: Message, *, id: str, time: datetime, source: str = SOURCE, **extensions: str | None) -> Envelope:  # noqa: A002
    """The event that carries `message`; extensions are correlationid, causationid and traceparent."""
    return Envelope(
        specversion="1.0",
        id=id,
        source=source,
        type=type_of(type(message)),
        time=time,
        datacontenttype="application/json",
        data=message.model_dump(mode="json", exclude_none=True),
        **extensions,
    )


def pack(event: Envelope) -> bytes:
    """The body to publish, UTF-8 JSON without empty attributes."""
    return event.model_dump_json(exclude_none=True).encode()


def packed(message: Message, *, id: str, time: datetime, source: str = SOURCE, **extensions: str | None) -> bytes:  # noqa: A002
    """`pack(envelope(…))` of what is ours, a quarter of the work: nothing is made and judged only to be written out.

    Raises:
        InvalidMessage: the identity is longer than readers take.
    """
    if not (0 < len(id) <= MOST_ID and 0 < len(source) <= MOST_SOURCE):
        raise InvalidMessage(f"id and source: 1 to {MOST_ID} and 1 to {MOST_SOURCE} characters")
    head = {
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": type_of(type(message)),
        "time": time,
        "datacontenttype": "application/json",
        **{name: value for name, value in extensions.items() if value is not None},
    }
    return b'%b,"data":%b}' % (to_json(head)[:-1], message.model_dump_json(exclude_none=True).encode())


def check_wrapping(content_type: str, content_encoding: str, body_bytes: int) -> None:
    """Look at what a body says of itself, before it is read.

    Raises:
        InvalidMessage: it says that it is nothing we read, or is too large.
    """
    if body_bytes > MAX_BODY_BYTES:
        raise InvalidMessage(f"body: {body_bytes} bytes, at most {MAX_BODY_BYTES} are read")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in _READ_AS:
        raise InvalidMessage(f"content type: {media_type[:100]!r} is not read; send {CONTENT_TYPE}")
    if content_encoding.lower() not in _PLAIN:
        raise InvalidMessage(f"content encoding: {content_encoding[:100]!r} is not read; send the body as it is")


def check_clock(event: Envelope, message: Message, now: datetime) -> None:
    """Refuse what comes from the future: as the newest news of all, nothing could ever correct it.

    Raises:
        InvalidMessage: names each time that is more than a day ahead of `now`.
    """
    times = {"time": event.time} | {name: getattr(message, name) for name in message.happened}
    if ahead := [name for name, at in times.items() if at is not None and at - now > AHEAD]:
        raise InvalidMessage(f"{', '.join(ahead)}: lies more than a day in the future; check the publisher's clock")


def unpack(body: bytes, model: type[M]) -> tuple[Envelope, M]:
    """The event and its data.

    Raises:
        InvalidMessage: not a CloudEvent, another type, or data that break the contract; the text names each
            field and what is wrong with it.
    """
    try:
        event = Envelope.model_validate_json(body)
        _check_json(body)
        if event.type != type_of(model):
            raise InvalidMessage(f"type: {event.type!r} came to the queue of {type_of(model)!r}")
        return event, data_of(event, model)
    except ValidationError as error:
        raise InvalidMessage(in_words(error)) from error


def data_of(event: Envelope, model: type[M]) -> M:
    """The data of an event whose type is the model's.

    Raises:
        ValidationError: they break the contract.
    """
    return model.model_validate(_identified(event, model))


def _identified(event: Envelope, model: type[Message]) -> dict[str, Any]:
    """The data, with the event's identity and time where the message type wants them and they were left out."""
    if not (model.identity or model.dated):
        return event.data
    known = {model.identity: identity(event.source, event.id), model.dated: event.time}
    added = {name: value for name, value in known.items() if name and event.data.get(name) is None}
    return {**event.data, **added} if added else event.data


def identity(source: str, id: str) -> str:  # noqa: A002
    """An event's identity in one text."""
    return f"{source} {id}"


def _check_json(body: bytes) -> None:
    """What RFC 8259 leaves to the reader (4: names that repeat; 6: NaN) would be read differently by the next one."""
    if not _is_surely_strict(body):
        strict_json(body)


def strict_json(text: str | bytes) -> Any:
    """What the text says in JSON.

    Raises:
        InvalidMessage: a name stands twice in one object, or a number is none of JSON's.
        json.JSONDecodeError, RecursionError: it is no JSON that can be read.
    """
    return json.loads(text, object_pairs_hook=_named_once, parse_constant=_no_number)


def _is_surely_strict(body: bytes) -> bool:
    """Whether it has as many names as its objects keep, and no NaN; to find the one at fault takes four times as long.

    The names are counted as quotes before a colon. Texts may hold such as well, and blanks stand between the two: then
    this does not know.
    """
    if b" :" in body or b"\t:" in body or b"\n:" in body or b"\r:" in body:
        return False
    try:
        return body.count(b'":') == _kept_names(from_json(body, allow_inf_nan=False))
    except ValueError:
        return False


def _kept_names(value: object) -> int:
    if isinstance(value, dict):
        return len(value) + sum([_kept_names(each) for each in value.values() if isinstance(each, _HOLDERS)])
    if isinstance(value, list):
        return sum([_kept_names(each) for each in value if isinstance(each, _HOLDERS)])
    return 0


def _named_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    [(name, _)] = Counter(name for name, _ in pairs).most_common(1)
    raise InvalidMessage(f"{name[:100]}: is there twice")


def _no_number(name: str) -> NoReturn:
    raise InvalidMessage(f"body: {name} is no number in JSON")


def in_words(error: ValidationError) -> str:
    """Each field and what is wrong with it, without the values themselves: they may be personal data."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{_path(entry['loc'])}: {entry['msg']}" for entry in found[:20])


def _path(location: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in location) or "body"
