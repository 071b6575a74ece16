"""The OpenAPI document of the event gateway, made of the same models that judge what is posted."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from messages.base import Message
from messages.catalog import INCOMING
from messages.envelope import CONTENT_TYPE, Envelope, type_of
from web.event_gateway import PATH
from web.posted_events import BATCH_TYPE, JSON_TYPE
from web.problems import MEDIA_TYPE

_SCHEMAS = "#/components/schemas/"
_DESCRIPTION = (
    "Publishes CloudEvents 1.0 to the queues of the same names, for systems that do not speak AMQP. The answer is 202 "
    "when RabbitMQ has confirmed every event. A batch is taken as a whole or not at all. The same event (source, id) "
    "again is answered the same and changes nothing, so whatever was not answered may be sent again."
)
_PROBLEMS: Mapping[str, str] = {
    "400": "The body is no JSON, names something twice, or is nested too deep",
    "401": "No bearer token that counts",
    "403": "The token may not publish this type of message",
    "413": "More bytes, or more events, than are taken at once",
    "415": "Another content type",
    "422": "Events break their contract; errors names each field. Nothing was published",
    "429": "Enough for now; Retry-After says in how many seconds to go on",
    "503": "RabbitMQ or MongoDB is away; Retry-After says in how many seconds to try again",
}


def document(version: str, public_url: str) -> dict[str, Any]:
    """The document, OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "crm-campaigns: event gateway", "version": version, "description": _DESCRIPTION},
        "servers": [{"url": public_url}],
        "security": [{"bearer": []}],
        "paths": {PATH: {"post": _operation()}},
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "Made by `campaigns token create`"}
            },
            "schemas": _schemas(),
        },
    }


def event_name(model: type[Message]) -> str:
    return f"{model.__name__}Event"


def _operation() -> dict[str, Any]:
    event = {"$ref": f"{_SCHEMAS}Event"}
    body = {
        CONTENT_TYPE: {"schema": event},
        BATCH_TYPE: {"schema": {"type": "array", "items": event}},
        JSON_TYPE: {"schema": {"type": "object", "description": "The data alone; the attributes are CE- headers"}},
    }
    refusals = {status: _refusal(words) for status, words in _PROBLEMS.items()}
    taken = {"description": "Confirmed", "content": {JSON_TYPE: {"schema": {"$ref": f"{_SCHEMAS}Accepted"}}}}
    return {
        "operationId": "publishEvents",
        "summary": "Publish one CloudEvent, or a batch",
        "requestBody": {"required": True, "content": body},
        "responses": {"202": taken, **refusals},
    }


def _refusal(words: str) -> dict[str, Any]:
    return {"description": words, "content": {MEDIA_TYPE: {"schema": {"$ref": f"{_SCHEMAS}Problem"}}}}


def _schemas() -> dict[str, Any]:
    models = list(INCOMING.values())
    described: list[type[BaseModel]] = [*models, Envelope]
    _, found = models_json_schema([(each, "validation") for each in described], ref_template=_SCHEMAS + "{model}")
    known: dict[str, Any] = found["$defs"]
    envelope = known.pop("Envelope")
    events = {event_name(model): _event(model, envelope) for model in models}
    of_type = {type_of(model): f"{_SCHEMAS}{event_name(model)}" for model in models}
    one_of = {
        "oneOf": [{"$ref": ref} for ref in of_type.values()],
        "discriminator": {"propertyName": "type", "mapping": of_type},
    }
    return {"Event": one_of, "Accepted": _ACCEPTED, "Problem": _PROBLEM, **events, **known}


def _event(model: type[Message], envelope: Mapping[str, Any]) -> dict[str, Any]:
    told = {"type": {"const": type_of(model)}, "data": {"$ref": f"{_SCHEMAS}{model.__name__}"}}
    return {
        "type": "object",
        "description": (sys.modules[model.__module__].__doc__ or "").strip(),
        "required": envelope["required"],
        "properties": {**envelope["properties"], **told},
    }


_TEXT = {"type": "string"}
_ACCEPTED = {
    "type": "object",
    "required": ["accepted", "ids"],
    "properties": {"accepted": {"type": "integer"}, "ids": {"type": "array", "items": _TEXT}},
}
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["index", "field", "reason"],
                "properties": {"index": {"type": "integer"}, "field": _TEXT, "reason": _TEXT},
            },
        },
    },
}
