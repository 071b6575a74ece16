"""The CloudEvents 1.0 envelope in structured JSON mode (github.com/cloudevents/spec, formats/json-format.md)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from domain.errors import InvalidMessage
from messages.base import Message

CONTENT_TYPE = "application/cloudevents+json"
SOURCE = "/crm-campaigns"  #: of the events that we publish ourselves

M = TypeVar("M", bound=Message)


class Envelope(BaseModel):
    """What is known of an event before its data are looked at. Identity is (source, id)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: str = Field(pattern=r"^1\.\d+$")
    id: str = Field(min_length=1, max_length=200)
    source: str = Field(min_length=1, max_length=500)
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


def unpack(body: bytes, model: type[M]) -> tuple[Envelope, M]:
    """The event and its data.

    Raises:
        InvalidMessage: not a CloudEvent, another type, or data that break the contract; the text names each
            field and what is wrong with it.
    """
    try:
        event = Envelope.model_validate_json(body)
        if event.type != type_of(model):
            raise InvalidMessage(f"type: {event.type!r} came to the queue of {type_of(model)!r}")
        return event, model.model_validate(event.data)
    except ValidationError as error:
        raise InvalidMessage(in_words(error)) from error


def in_words(error: ValidationError) -> str:
    """Each field and what is wrong with it, without the values themselves: they may be personal data."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{_path(entry['loc'])}: {entry['msg']}" for entry in found[:20])


def _path(location: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in location) or "body"
