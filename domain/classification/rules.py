"""The rules as data: tables in TOML, read once, checked, and matched in one pass that is linear in the text.

RE2 has no backtracking: the time of a match is linear in the text whatever the pattern, and `Set` asks all patterns
at once. The first rule of the table that matches decides.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any, TypeVar

import re2

from domain.classification.reasons import MEANING, Effect, Reason, Scope
from domain.errors import InvalidDefinition

_Word = TypeVar("_Word", Reason, Effect, Scope)
_FILES = resources.files("domain.classification")
_MEMORY_BYTES = 64 << 20  #: at most, of the automaton that grows while texts are matched
_BOUNDED = {"reason", "verdict", "scope"}
_KNOWN = {"id", "pattern", "source", "example", "class", "replies_only", "weak"} | _BOUNDED

#: `<a@b>`, `a@b`: who is meant is no part of what is said.
#: A run of characters is tried at its beginning only: the time is linear in the text.
_ADDRESS = re.compile(r"<?(?<![^\s<>@:;,()\[\]\"=])[^\s<>@:;,()\[\]\"=]{1,100}@[^\s<>@:;,()\[\]\"']{1,255}>?")
#: Codes between the lines of a reply that were joined by blanks.
_CODES = re.compile(
    r"(?<![\w.\[/=-])[245]\d\d[ -]#?(?:[245]\.\d{1,3}\.\d{1,3}\b)?|(?<![\w.])[245]\.\d{1,3}\.\d{1,3}(?![.\d])"
)
_QUOTES = str.maketrans("’`´", "'''")


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: what a text that matches means."""

    id: str
    pattern: str  #: RE2, of the text as `normal` leaves it: lower case, one line, addresses as <addr>
    reason: Reason
    effect: Effect | None  #: where it differs from what the reason says
    scope: Scope
    source: str  #: whose text it is
    example: str
    reply_class: int | None = None  #: 4 or 5: only where the reply is of this class
    replies_only: bool = False  #: words too common to mean anything outside a server's own reply
    weak: bool = False  #: words that give way to a telling code


class RuleTable:
    """Rules in order. `first` asks them all at once."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        # Servers use the same words for many, and a report of a thousand has them a thousand times.
        self._set = lru_cache(maxsize=256)(automaton([rule.pattern for rule in rules]))

    def first(self, text: str, permanent: bool | None = None, *, told: bool = False) -> Rule | None:
        """The first rule that matches a text in normal form, or None.

        `permanent` is None where the class is not known; `told` when the text is not the server's own reply.
        """
        for index in sorted(self._set(text)):
            rule = self.rules[index]
            if told and rule.replies_only:
                continue
            if rule.reply_class is None or permanent is None or permanent == (rule.reply_class == 5):
                return rule
        return None


def normal(text: str) -> str:
    """A text as the rules see it. Linear: every quantifier is bounded or can't be shared between two."""
    lowered = text.lower().replace("`", "'")
    if not lowered.isascii():
        lowered = lowered.translate(_QUOTES)
    if "@" in lowered:
        lowered = _ADDRESS.sub("<addr>", lowered)
    return " ".join(_CODES.sub(" ", lowered).split())


def automaton(patterns: Sequence[str]) -> Callable[[str], Sequence[int]]:
    """Which patterns match, in any order. One more that always does shows that memory was enough."""
    options = re2.Options()
    options.max_mem = _MEMORY_BYTES
    options.dot_nl = True
    options.log_errors = False
    every, sentinel = re2.Set.SearchSet(options), len(patterns)
    for pattern in (*patterns, ""):
        every.Add(pattern)
    every.Compile()

    def matching(text: str) -> Sequence[int]:
        raw = text.encode("utf-8", "replace")
        found = every.Match(raw)
        if found and sentinel in found:
            return [index for index in found if index != sentinel]
        return [index for index, pattern in enumerate(patterns) if re2.search(pattern, raw, options)]

    return matching


@cache
def reply_rules() -> RuleTable:
    """What servers say when they refuse: `rules.toml`."""
    return RuleTable(parsed_rules((_FILES / "rules.toml").read_text("utf-8")))


def parsed_rules(text: str) -> list[Rule]:
    """
    Raises:
        InvalidDefinition: a row is not a rule; the message names it and says why.
    """
    rows = _rows(text)
    rules = [_rule(index, row) for index, row in enumerate(rows, 1)]
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise InvalidDefinition(f"rule {rule.id}: there are two of this id")
        seen.add(rule.id)
    return rules


def _rows(text: str) -> list[dict[str, Any]]:
    try:
        rows = tomllib.loads(text).get("rule")
    except tomllib.TOMLDecodeError as error:
        raise InvalidDefinition(f"the rules are no TOML: {error}") from None
    if not isinstance(rows, list) or not rows:
        raise InvalidDefinition("the rules have no [[rule]]")
    return rows


def _rule(index: int, row: Mapping[str, Any]) -> Rule:
    name = f"rule {row.get('id') or f'number {index}'}"
    for key in ("id", "pattern", "reason", "source", "example"):
        if not isinstance(row.get(key), str) or not row[key]:
            raise InvalidDefinition(f"{name}: {key} is missing")
    if unknown := row.keys() - _KNOWN:
        raise InvalidDefinition(f"{name}: nobody knows what {', '.join(sorted(unknown))} is")
    if row.get("class") not in (None, 4, 5):
        raise InvalidDefinition(f"{name}: class is 4 or 5")
    reason = _word(name, "reason", row["reason"], Reason)
    effect = _word(name, "verdict", row["verdict"], Effect) if "verdict" in row else None
    scope = _word(name, "scope", row["scope"], Scope) if "scope" in row else MEANING[reason].scope
    pattern = valid_pattern(name, row["pattern"])
    narrowed = row.get("class"), bool(row.get("replies_only", False)), bool(row.get("weak", False))
    return Rule(row["id"], pattern, reason, effect, scope, row["source"], row["example"], *narrowed)


def _word(name: str, key: str, value: str, kind: type[_Word]) -> _Word:
    try:
        return kind(value)
    except ValueError:
        raise InvalidDefinition(f"{name}: {key} {value!r} is none of {', '.join(kind)}") from None


def valid_pattern(name: str, pattern: str, *, empty: bool = False) -> str:
    """
    Raises:
        InvalidDefinition: RE2 can't read it, it matches every text, or holds what no text in normal form has.
    """
    try:
        compiled = re2.compile(pattern)
    except re2.error as error:
        raise InvalidDefinition(f"{name}: RE2 can't read the pattern: {error}") from None
    if not empty and compiled.search(""):
        raise InvalidDefinition(f"{name}: the pattern matches every text")
    if re.search(r"[A-Z]", re.sub(r"\\[A-Za-z]|\(\?P<\w+>|\\p\{\w+\}", "", pattern)):
        raise InvalidDefinition(f"{name}: texts are matched in lower case, the pattern has capitals")
    return pattern
