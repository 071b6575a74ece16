"""YAML that people write: each value with the line where it stands.

Read strictly, so that nothing means more than it says: no anchors and aliases (a few lines of them can stand for
gigabytes), no tags, no key twice. Every value is text, whatever it looks like; what reads it says what it has to be.
So 19-digit ids, dates and `no` stay what was written. `null` and `~` are nothing; a key without a value is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from domain.errors import InvalidDefinition

MOST_BYTES = 32 * 1024 * 1024  #: of a document: 400,000 record ids and the largest content
DEEPEST = 20  #: levels of maps and lists within each other

_NOTHING = frozenset({"null", "Null", "NULL", "~"})


class DocumentInvalid(InvalidDefinition):
    """A document cannot be taken; the text has file, line and field of each fault."""

    @property
    def code(self) -> str:
        return "invalid_definition"


@dataclass(frozen=True, slots=True)
class Node:
    value: dict[str, Node] | list[Node] | str | None
    line: int  #: from 1

    def plain(self) -> Any:
        """The value without its places."""
        if isinstance(self.value, dict):
            return {name: node.plain() for name, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def at(self, path: Sequence[int | str]) -> Node:
        """Where a path leads, or the last place on the way that is there."""
        here = self
        for step in path:
            inner = here.value
            if isinstance(inner, dict) and step in inner:
                here = inner[str(step)]
            elif isinstance(inner, list) and isinstance(step, int) and step < len(inner):
                here = inner[step]
            else:
                break
        return here


def read(text: str, name: str) -> Node:
    """The document of a file that is called `name`.

    Raises:
        DocumentInvalid: it is no YAML that we read; names the line.
    """
    if len(text.encode()) > MOST_BYTES:
        raise DocumentInvalid(f"{name}: at most {MOST_BYTES:,} bytes are read")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Reader(name, yaml.parse(text, Loader=loader)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" line {min(mark.line, text.count(chr(10))) + 1}" if mark else ""
        raise DocumentInvalid(f"{name}{where}: {error.problem or 'is no YAML'}") from error
    except yaml.YAMLError as error:
        raise DocumentInvalid(f"{name}: {error}") from error


def written(value: Any) -> str:
    """The document as YAML; `read` makes the same of it. Texts of several lines stand as they are."""
    return str(yaml.dump(value, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=120))


class _Writer(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # libyaml's where it is there
    pass


def _text(dumper: Any, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Writer.add_representer(str, _text)


class _Reader:
    def __init__(self, name: str, events: Iterator[Any]) -> None:
        self._name, self._events, self._depth = name, events, 0

    def document(self) -> Node:
        for event in self._events:
            if isinstance(event, yaml.NodeEvent):
                found = self._node(event)
                self._check_end()
                return found
        raise DocumentInvalid(f"{self._name}: is empty")

    def _check_end(self) -> None:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._refuse(event, "a second document begins here; one is read")

    def _node(self, event: Any) -> Node:
        if event.anchor is not None:
            self._refuse(event, "anchors (&) and aliases (*) are not read; write it out")
        if event.tag is not None:
            self._refuse(event, "tags (!) are not read; write plain text")
        if isinstance(event, yaml.ScalarEvent):
            return Node(None if not event.style and event.value in _NOTHING else event.value, _line(event))
        return self._inner(event)

    def _inner(self, event: Any) -> Node:
        if self._depth == DEEPEST:
            self._refuse(event, f"lists and maps go at most {DEEPEST} deep")
        self._depth += 1
        found: Any = self._map() if isinstance(event, yaml.MappingStartEvent) else self._list()
        self._depth -= 1
        return Node(found, _line(event))

    def _list(self) -> list[Node]:
        found = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            found.append(self._node(event))
        return found

    def _map(self) -> dict[str, Node]:
        found, absent = dict[str, Node](), set[str]()
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            name = self._key(key)
            if name in found or name in absent:
                self._refuse(key, f"{name} is there twice")
            event = next(self._events)
            if _is_blank(event):
                absent.add(name)
            else:
                found[name] = Node(self._node(event).value, _line(key))
        return found

    def _key(self, event: Any) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse(event, "a key has to be text")
        return str(self._node(event).value)

    def _refuse(self, event: Any, why: str) -> NoReturn:
        raise DocumentInvalid(f"{self._name} line {_line(event)}: {why}")


def _is_scalar(event: Any) -> bool:
    return isinstance(event, yaml.ScalarEvent)


def _is_blank(event: Any) -> bool:
    return _is_scalar(event) and not event.style and event.value == "" and event.anchor is event.tag is None


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
