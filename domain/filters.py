"""Filters on the records of a module (R45): a small language that can compare and do nothing else.

    City = "Rome" and (Lead_Score >= 50 or Lead_Status in ("Warm", "Hot")) and not Company is empty

Comparisons are = != < <= > >=, contains, starts with, in (…), is empty; each with a field of the CRM, by its API name.
`not` stands before any of them or a bracket, and in `not in` and `is not empty`; it binds closer than `and`, `and`
closer than `or`. `!=` and `not in` also hold for what is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import TypeAlias

from domain.filter_hints import Hint, both, either, hint_of
from domain.filter_tokens import FilterInvalid, Kind, Token, tokens
from domain.filter_values import ORDER, Literal, fits, nothing
from domain.module import Module
from domain.record import Record
from domain.values import Value

DEEPEST = 20  #: brackets and nots within each other

Test: TypeAlias = Callable[[Mapping[str, Value]], bool]


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that was read; compare the texts, not these."""

    text: str
    test: Test
    fields: tuple[Token, ...]  #: every field it names, where it stands
    hint: Hint | None  #: what a store may look for first


@dataclass(frozen=True, slots=True)
class _Part:
    """A filter, or a part of one."""

    test: Test
    hint: Hint | None = None


def read(text: str) -> Filter:
    """The filter.

    Raises:
        FilterInvalid: it is none; says which character, and what is expected there.
    """
    return _Reader(text).filter()


def checked(text: str, module: Module) -> Filter:
    """The filter, all of whose fields the module has.

    Raises:
        FilterInvalid: it is none, or names a field that is not there; says which one is close.
    """
    found, names = read(text), [field.api_name for field in module.fields]
    for field in found.fields:
        if field.text not in names:
            close = get_close_matches(field.text, names, n=1)
            asked = f"did you mean {close[0]}?" if close else f"it has {', '.join(names)}"
            raise FilterInvalid(text, field.at, f"{module.name} has no field {field.text}; {asked}")
    return found


def selected(wanted: Filter) -> Callable[[Record], bool]:
    """Which records the filter picks; never one that is deleted."""

    def picks(record: Record) -> bool:
        return not record.deleted and wanted.test(record.values())

    return picks


class _Reader:
    """Reads one filter from its first word to its last."""

    def __init__(self, text: str) -> None:
        self._text, self._tokens, self._at, self._depth = text, tokens(text), 0, 0
        self._fields: list[Token] = []

    def filter(self) -> Filter:
        whole = self._any()
        if self._here.kind is not Kind.END:
            raise self._expected("`and`, `or` or the end")
        return Filter(self._text, whole.test, tuple(self._fields), whole.hint)

    @property
    def _here(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        found = self._here
        self._at += 1
        return found

    def _skip(self, *wanted: str) -> bool:
        """Step over these words or signs, if they stand here."""
        there = self._tokens[self._at : self._at + len(wanted)]
        if [token.word or (token.text if token.kind is Kind.SIGN else "") for token in there] != list(wanted):
            return False
        self._at += len(wanted)
        return True

    def _need(self, sign: str) -> None:
        if not self._skip(sign):
            raise self._expected(f"`{sign}`")

    def _expected(self, what: str) -> FilterInvalid:
        return FilterInvalid(self._text, self._here.at, f"{what} is expected")

    def _any(self) -> _Part:
        return _either([self._all(), *self._more("or", self._all)])

    def _all(self) -> _Part:
        return _both([self._one(), *self._more("and", self._one)])

    def _more(self, word: str, part: Callable[[], _Part]) -> Iterator[_Part]:
        while self._skip(word):
            yield part()

    def _one(self) -> _Part:
        if self._depth == DEEPEST:
            raise FilterInvalid(self._text, self._here.at, f"brackets and nots go at most {DEEPEST} deep")
        self._depth += 1
        found = self._inner()
        self._depth -= 1
        return found

    def _inner(self) -> _Part:
        if self._skip("not"):
            return _not(self._one())
        if not self._skip("("):
            return self._comparison()
        found = self._any()
        self._need(")")
        return found

    def _comparison(self) -> _Part:
        if self._here.kind is not Kind.WORD:
            raise self._expected("a field")
        field = self._next()
        self._fields.append(field)
        return self._compared(field.text)

    def _compared(self, field: str) -> _Part:
        if self._skip("is", "not", "empty"):
            return _Part(lambda values: not nothing(values.get(field)))
        if self._skip("is", "empty"):
            return _Part(lambda values: nothing(values.get(field)))
        if self._skip("not", "in"):
            return _not(self._among(field))
        if self._skip("in"):
            return self._among(field)
        if self._skip("!="):
            return _not(_fitting(field, "=", self._value()))
        for how in ORDER:
            if self._skip(*how.split()):
                return _fitting(field, how, self._value(only_text=how in {"contains", "starts with"}))
        raise self._expected("=, !=, <, <=, >, >=, contains, starts with, in, not in, is empty or is not empty")

    def _among(self, field: str) -> _Part:
        self._need("(")
        found = [_fitting(field, "=", self._value())]
        while self._skip(","):
            found.append(_fitting(field, "=", self._value()))
        self._need(")")
        return _either(found)

    def _value(self, *, only_text: bool = False) -> Literal:
        found = _literal(self._here)
        if found is None or (only_text and not isinstance(found, str)):
            more = "" if only_text else ", a number, a date such as 2026-01-31, true or false"
            raise self._expected(f"a text in quotes{more}")
        self._next()
        return found


def _literal(token: Token) -> Literal | None:
    if token.kind is Kind.TEXT:
        return token.text.strip()
    if token.kind is Kind.NUMBER:
        return Decimal(token.text)
    if token.kind is Kind.TIME:
        return _time(token.text)
    return {"true": True, "false": False}.get(token.word)


def _time(text: str) -> date | None:
    try:
        if "T" not in text:
            return date.fromisoformat(text)
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _fitting(field: str, how: str, literal: Literal) -> _Part:
    return _Part(lambda values: fits(values.get(field), how, literal), hint_of(field, how, literal))


def _not(part: _Part) -> _Part:
    """Without a hint: who fits a hint may fit its opposite as well."""
    return _Part(lambda values: not part.test(values))


def _both(parts: list[_Part]) -> _Part:
    if len(parts) == 1:
        return parts[0]
    tests = [part.test for part in parts]
    return _Part(lambda values: all(test(values) for test in tests), both([part.hint for part in parts]))


def _either(parts: list[_Part]) -> _Part:
    if len(parts) == 1:
        return parts[0]
    tests = [part.test for part in parts]
    return _Part(lambda values: any(test(values) for test in tests), either([part.hint for part in parts]))
