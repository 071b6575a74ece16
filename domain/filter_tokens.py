"""The words of a filter, each with the place where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from domain.errors import InvalidDefinition

MOST_CHARACTERS = 2_000  #: of a filter


class Kind(StrEnum):
    WORD = "word"  #: a field, an operator such as contains, or true and false
    TEXT = "text"  #: in quotes
    NUMBER = "number"
    TIME = "time"  #: 2026-01-31, or 2026-01-31T09:00:00Z
    SIGN = "sign"  #: = != < <= > >= ( ) ,
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str  #: of a text in quotes, what stands between them
    at: int  #: its first character, from 0

    @property
    def word(self) -> str:
        """The word in lower case: operators are written either way; nothing for anything that is no word."""
        return self.text.lower() if self.kind is Kind.WORD else ""


_PATTERN = re.compile(
    r"""\s*(?:
      (?P<time>\d{4}-\d\d-\d\d(?:T[0-9:.]+(?:Z|[+-]\d\d:\d\d)?)?(?![\w-]))
    | (?P<number>[+-]?\d+(?:\.\d+)?(?![\w.-]))
    | (?P<word>[^\W\d]\w*)
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<sign>!=|<=|>=|[=<>(),])
    )""",
    re.VERBOSE | re.DOTALL,
)


class FilterInvalid(InvalidDefinition):
    """A filter cannot be read; the text shows the place."""

    def __init__(self, text: str, at: int, reason: str) -> None:
        self.at, self.reason = at, reason
        super().__init__(f"filter, character {at + 1}: {reason}\n{_shown(text, at)}")

    @property
    def code(self) -> str:
        return "invalid_definition"


def tokens(text: str) -> list[Token]:
    """All of them, and the end.

    Raises:
        FilterInvalid: it is too long, or something in it is no word of a filter.
    """
    if len(text) > MOST_CHARACTERS:
        raise FilterInvalid(text, MOST_CHARACTERS, f"a filter has at most {MOST_CHARACTERS:,} characters")
    return [*_found(text), Token(Kind.END, "", len(text.rstrip()))]


def _found(text: str) -> Iterator[Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _PATTERN.match(text, at)
        if match is None or match.lastgroup is None:
            raise _unread(text, at + len(text[at:]) - len(text[at:].lstrip()))
        kind, said = Kind(match.lastgroup), match[match.lastgroup]
        yield Token(kind, _unquoted(said) if kind is Kind.TEXT else said, match.start(match.lastgroup))
        at = match.end()


def _unread(text: str, at: int) -> FilterInvalid:
    if text[at] in "\"'":
        return FilterInvalid(text, at, "a text begins here and its closing quote is missing")
    return FilterInvalid(text, at, f"{text[at]!r} is not understood; texts stand in quotes")


def _unquoted(said: str) -> str:
    return re.sub(r"\\(.)", r"\1", said[1:-1], flags=re.DOTALL)


def _shown(text: str, at: int) -> str:
    """The line around the place, with a caret below it."""
    first = max(0, at - 60)
    line = "".join(" " if character.isspace() else character for character in text[first : at + 20])
    return f"  {line}\n  {' ' * (at - first)}^"
