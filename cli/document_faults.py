"""Faults of documents that people write, each told with its line and field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from inspect import isclass
from typing import Any, TypeAlias, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cli.yaml_document import DocumentInvalid, Node
from messages.saved import Part
from messages.series_saved import TAG

#: Of the message, not of the document: who says it, and when.
NOT_WRITTEN = frozenset({"origin", "source_version", "saved_at", "saved_by"})
Field: TypeAlias = "tuple[int | str, ...]"  #: of a field within the document
MOST_FAULTS = 20  #: that are told at once
_SAID = {
    "missing": "is needed",
    "string_too_short": "is empty",
    "too_short": "is empty",
    "string_pattern_mismatch": "has more than one line, or a character that cannot stand there",
    "string_type": "has to be text",
    "dict_type": "has to be a map",
    "model_type": "has to be a map",
    "model_attributes_type": "has to be a map",
    "list_type": "has to be a list",
}

M = TypeVar("M", bound=BaseModel)


def checked(found: Node, name: str, model: type[M], begin: str, **said: Any) -> M:
    """The message that says what a document says, and `said` beside it; `begin` names its first fields.

    Raises:
        DocumentInvalid: names each fault with its line and field.
    """
    if not isinstance(found.value, dict):
        raise DocumentInvalid(f"{name} line {found.line}: a document is a map: {begin}, and so on")
    faults = list(_unknown(found, _fields(model), ()))
    try:
        message = model.model_validate({**found.plain(), **said})
    except ValidationError as error:
        faults += [(entry["loc"], _in_words(entry)) for entry in error.errors()]
    if faults:
        raise DocumentInvalid("\n".join(_told(found, name, *fault) for fault in faults[:MOST_FAULTS]))
    return message


def _fields(model: type[BaseModel]) -> Mapping[str, Any]:
    """What each field may hold, by the name that is written."""
    names = {each.alias or name: each.annotation for name, each in model.model_fields.items()}
    return {name: kind for name, kind in names.items() if name not in NOT_WRITTEN}


def _unknown(node: Node, fields: Mapping[str, Any], path: Field) -> Iterator[tuple[Field, str]]:
    """Fields that the document has and the model has not: nothing that is written is passed over."""
    for name, inner in node.value.items() if isinstance(node.value, dict) else ():
        if name not in fields:
            close = get_close_matches(name, fields, n=1)
            asked = f"did you mean {close[0]}?" if close else f"there are {', '.join(fields)}"
            yield (*path, name), f"is no field; {asked}"
        elif parts := list(_parts(fields[name])):
            yield from _within(inner, parts, (*path, name))


def _within(node: Node, parts: list[type[Part]], path: Field) -> Iterator[tuple[Field, str]]:
    """The same of what stands in a field, which may be a list."""
    if isinstance(node.value, list):
        for place, each in enumerate(node.value):
            yield from _within(each, parts, (*path, place))
    elif isinstance(node.value, dict):
        there = node.value.keys()
        fitting = max(parts, key=lambda part: len(there & _fields(part).keys()))
        if len(parts) == 1 or there & _fields(fitting).keys():  # which of several is meant is told otherwise
            yield from _unknown(node, _fields(fitting), path)


def _parts(kind: Any) -> Iterator[type[Part]]:
    """Every part of a document that a field may hold, lists and alternatives included."""
    if isclass(kind) and issubclass(kind, Part):
        yield kind
    for inner in get_args(kind):
        yield from _parts(inner)


def _in_words(entry: ErrorDetails) -> str:
    if entry["loc"][-1] == f"joined{TAG}":
        return "has to be joined, or a map with date, opened, clicked or not_opened"
    return _SAID.get(entry["type"], entry["msg"].removeprefix("Value error, "))


def _told(found: Node, name: str, path: Field, what: str) -> str:
    written = tuple(step for step in path if not (isinstance(step, str) and step.endswith(TAG)))
    return f"{name} line {found.at(written).line}: {'.'.join(map(str, written)) or 'the document'} {what}"
