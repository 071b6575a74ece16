"""How mails of machines are told apart: `mail_rules.toml`, one table per field and kind."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from domain.classification.rules import automaton, valid_pattern
from domain.errors import InvalidDefinition

_FILE = resources.files("domain.classification") / "mail_rules.toml"
KINDS = frozenset({"bounce", "delayed", "challenge", "autoreply", "left", "unsubscribe", "other", "report"})
FIELDS = frozenset({"from", "subject", "text"})
_KEYS = ("id", "kind", "field", "pattern", "source", "example")


@dataclass(frozen=True, slots=True)
class MailRule:
    id: str
    kind: str
    field: str  #: from, subject or text
    pattern: str
    source: str
    example: str


class MailRules:
    """Which rules a mail meets."""

    def __init__(self, rules: Sequence[MailRule]) -> None:
        self.rules = tuple(rules)
        self._by_field = {
            name: [rule for rule in rules if rule.field == name] for name in sorted({rule.field for rule in rules})
        }
        self._sets = {name: automaton([rule.pattern for rule in own]) for name, own in self._by_field.items()}

    def met(self, values: Mapping[str, str]) -> dict[tuple[str, str], str]:
        """Ids of the rules that are met, by kind and field; `values` by field, lower case and on one line."""
        found: dict[tuple[str, str], str] = {}
        for name, value in values.items():
            for index in self._sets[name](value):
                rule = self._by_field[name][index]
                found.setdefault((rule.kind, name), rule.id)
        return found


@cache
def mail_rules() -> MailRules:
    return MailRules(parsed_mail_rules(_FILE.read_text("utf-8")))


def parsed_mail_rules(text: str) -> list[MailRule]:
    """
    Raises:
        InvalidDefinition: a row is not a rule; the message names it and says why.
    """
    try:
        rows = tomllib.loads(text).get("rule")
    except tomllib.TOMLDecodeError as error:
        raise InvalidDefinition(f"the mail rules are no TOML: {error}") from None
    if not isinstance(rows, list) or not rows:
        raise InvalidDefinition("the mail rules have no [[rule]]")
    rules = [_rule(index, row) for index, row in enumerate(rows, 1)]
    if len({rule.id for rule in rules}) < len(rules):
        raise InvalidDefinition("the mail rules have an id twice")
    return rules


def _rule(index: int, row: Mapping[str, Any]) -> MailRule:
    name = f"mail rule {row.get('id') or f'number {index}'}"
    if set(row) != set(_KEYS) or not all(isinstance(value, str) for value in row.values()):
        raise InvalidDefinition(f"{name}: a rule has {', '.join(_KEYS)}")
    if row["kind"] not in KINDS or row["field"] not in FIELDS:
        raise InvalidDefinition(f"{name}: there is no kind {row['kind']!r} or no field {row['field']!r}")
    empty_is_meant = row["field"] == "from"
    return MailRule(**{**row, "pattern": valid_pattern(name, row["pattern"], empty=empty_is_meant)})
