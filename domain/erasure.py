"""Erasing one person (GDPR, Art. 17): who is meant, what stays in their place, and the receipt.

What stays is keyed hashes: of the address, so that it is never mailed again, and of each record, so that no late event
brings one back. Nobody can turn them into a name without the address and the deployment's address key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice, pairwise
from typing import Any

from domain.contact import ID_HEX_DIGITS, address, contact_id
from domain.selections import module_of

#: Stands where a text was that is not kept: verdicts are not given again from it (domain/reclassification.py).
GONE = "(removed)"
#: Stands in bodies for the address; no mail server is called so (RFC 2606, 2).
NOBODY = "erased@erased.invalid"
#: What of a report's evidence says nothing about the person.
IMPERSONAL = frozenset(
    {"code", "enhanced", "source", "reason", "rule", "confidence", "permanent", "stage", "hearsay"}
)  # fmt: skip
#: Messages about many people, or about none: what else they say is kept.
ABOUT_MANY = frozenset(
    {
        "campaign-saved", "integration-changed", "module-described", "review-requested", "send-batch", "send-requested",
        "series-saved", "snapshot-finished", "sync-requested",
    }
)  # fmt: skip

_ERASED_REF = re.compile(rf"[^:]+:~([0-9a-f]{{{ID_HEX_DIGITS}}})")
_OUR_EVENT = re.compile(rf"(?:web|mail):[0-9a-f]{{40}}|erased:[0-9a-f]{{{ID_HEX_DIGITS}}}")
_BESIDE = re.compile(r"[\s\"'<>,;:()\[\]\\]")  #: is in no address
_LOCAL, _DOMAIN = 64, 255  #: characters at most (RFC 5321, 4.5.3.1)
_MOST_NAMED = 5000  #: addresses that are looked at in one body


def record_key(ref: str, key: bytes) -> str:
    """What stands for a record once it is erased, 32 hex digits; also of a ref that is a stand-in already."""
    known = _ERASED_REF.fullmatch(ref)
    return known[1] if known else contact_id(f"record:{ref}", key)


def erased_ref(ref: str, key: bytes) -> str:
    """The stand-in of a ref: "Leads:~" and the record's key. Its module still counts."""
    return f"{module_of(ref)}:~{record_key(ref, key)}"


def told_ref(ref: str | None) -> str | None:
    """The record as others know it; None for a stand-in, of which nobody knows anything."""
    return None if ref is None or ":~" in ref else ref


def event_key(event_id: str, key: bytes) -> str:
    """What stands for an event's id once its person is erased, for upstream may have put anything into it.

    Ids that we make (web/, inbound) say nothing, and stay.
    """
    return event_id if _OUR_EVENT.fullmatch(event_id) else f"erased:{contact_id(f'event:{event_id}', key)}"


def key_of(stand_in: str) -> str:
    """The key in a record's stand-in."""
    return stand_in.rpartition("~")[2]


@dataclass(frozen=True, slots=True)
class Person:
    """Whom an erasure or an export is about."""

    contact_id: str | None = None  #: None: only a record is meant, and it has no address
    identity: str = ""  #: the address in lower case; empty when only keys are known any more
    refs: Mapping[str, str] = field(default_factory=dict)  #: of the CRM records, with their stand-ins
    #: Keys under which rows may stand: of the address, and of each record (see domain/planning.py).
    keys: frozenset[str] = frozenset()

    @classmethod
    def of(cls, found: str | None, identity: str, refs: Iterable[str], key: bytes) -> Person:
        stand_ins = {ref: erased_ref(ref, key) for ref in sorted(set(refs))}
        keys = {record_key(ref, key) for ref in stand_ins} | ({found} if found else set())
        return cls(found, identity, stand_ins, frozenset(keys))

    @property
    def id(self) -> str:
        """Under which the erasure is kept."""
        return self.contact_id or min(self.keys)

    @property
    def mentions(self) -> re.Pattern[str] | None:
        """Finds the address or a record in any text; None when neither is known.

        It takes every module's `record_id` for the record's: of JSON, `mentioned_in` knows better.
        """
        texts = [*self._exact(), *(_id_pattern(ref) for ref in self.refs)]
        return re.compile("|".join(texts), re.IGNORECASE) if texts else None

    def mentioned_in(self, text: str) -> bool:
        """Whether the text names the address or a record; another module's record with the same id is not meant."""
        mentions = self.mentions
        if mentions is None or not mentions.search(text):
            return False
        if re.search("|".join(self._exact()), text, re.IGNORECASE):
            return True
        named = _records_in(text)
        return named is None or any(self._is(module, id_) for module, id_ in named)

    def _exact(self) -> list[str]:
        return [*_spellings(self.identity), *(_whole(ref) for ref in self.refs)]

    def _is(self, module: str | None, id_: str) -> bool:
        """Without a module it may be anybody's, and is no message that could be handled."""
        if module is None:
            return any(ref.partition(":")[2] == id_ for ref in self.refs)
        return f"{module}:{id_}" in self.refs

    def redacted(self, text: str) -> str:
        """The text with nobody's address, and the stand-ins of the records."""
        for spelling in _spellings(self.identity):
            text = re.sub(spelling, NOBODY, text, flags=re.IGNORECASE)
        for ref, stand_in in self.refs.items():
            text = re.sub(_whole(ref), stand_in, text)
        return text


def redacted_body(body: bytes, type_: str, person: Person) -> bytes | None:
    """What is kept of a message that mentions the person; None: nothing, it was about nobody else."""
    if type_ not in ABOUT_MANY:
        return None
    try:
        text = body.decode()
        json.loads(text)
    except (ValueError, RecursionError):
        return None  # whatever it is, nobody can say what of it is whose
    redacted = person.redacted(text)
    return None if person.mentioned_in(redacted) else redacted.encode()


def named_in(body: bytes, key: bytes) -> Mapping[str, Person]:
    """Everybody that a message names by address or as a record, by key."""
    text = body.decode("utf-8", "replace")
    found: dict[str, Person] = {}
    for spelled in islice(dict.fromkeys(_addresses(text)), _MOST_NAMED):
        if known := address(_unescaped(spelled)):
            id_ = contact_id(known.identity, key)
            found[id_] = Person.of(id_, known.identity, (), key)
    if ref := _record_of(body):
        found[record_key(ref, key)] = Person.of(None, "", [ref], key)
    return found


def impersonal(evidence: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Evidence without whatever may name somebody."""
    if evidence is None:
        return None
    kept = {name: value for name, value in evidence.items() if name in IMPERSONAL}
    return {**kept, "text": GONE} if len(kept) < len(evidence) else kept


def is_gone(text: object) -> bool:
    return text == GONE


@dataclass(frozen=True, slots=True)
class Erasure:
    """That somebody was erased: no personal data."""

    id: str  #: the contact's id, or the record's key where it had no address
    asked_at: datetime  #: first
    by: str = ""
    reason: str = ""
    source: str = ""  #: "cli", or the event's source
    records: frozenset[str] = frozenset()  #: stand-ins
    counts: Mapping[str, int] = field(default_factory=dict)  #: documents that were changed or removed, by collection
    again_at: datetime | None = None  #: when what late workers wrote is looked for; None: that is done
    done_at: datetime | None = None  #: of the first time through; None: it was interrupted
    lifted_at: datetime | None = None  #: when an operator let the person come back
    under_way: int = 0  #: mails in batches that were still being sent when it was done

    def receipt(self) -> dict[str, Any]:
        """What is printed, and kept in the audit log."""
        return {
            "hash": self.id,
            "erased": dict(sorted(self.counts.items())),
            "asked_at": self.asked_at.isoformat(),
            "done_at": self.done_at.isoformat() if self.done_at else None,
            "by": self.by,
            "reason": self.reason,
            "source": self.source,
            "records": len(self.records),
            "mails_under_way": self.under_way,
            "looked_at_again_at": self.again_at.isoformat() if self.again_at else None,
        }


def _spellings(identity: str) -> list[str]:
    """Patterns of an address as it is written in text and in JSON."""
    if not identity:
        return []
    local, _, domain = identity.rpartition("@")
    domains = {domain, _unicode(domain)}
    plain = {f"{local}@{each}" for each in domains}
    escaped = {json.dumps(each)[1:-1] for each in plain}
    return [_whole(each) for each in sorted(plain | escaped)]


def spellings(identity: str) -> Collection[str]:
    """Patterns that find the address in any text, without regard to case."""
    return _spellings(identity)


def _whole(text: str) -> str:
    """Not within a longer address or id: ann@x.example is not joann@x.example."""
    return rf"(?<![A-Za-z0-9._%+-]){re.escape(text)}(?![A-Za-z0-9_-])"


def _id_pattern(ref: str) -> str:
    id_ = re.escape(ref.partition(":")[2])
    return rf'"record_id"\s*:\s*"?{id_}"?(?![A-Za-z0-9_-])'


def _records_in(text: str) -> list[tuple[str | None, str]] | None:
    """Module, if it is told, and id of each record that an object in the text is about; None: it is no JSON."""
    found: list[tuple[str | None, str]] = []

    def look(pairs: list[tuple[str, object]]) -> None:
        modules: list[str | None] = [str(value) for name, value in pairs if name == "module"]
        found.extend(
            (module, str(value)) for name, value in pairs if name == "record_id" for module in modules or [None]
        )

    try:
        json.loads(text, object_pairs_hook=look)
    except (ValueError, RecursionError):
        return None
    return found


def _addresses(text: str) -> Iterator[str]:
    """Whatever may be an address; only what is beside each @ is looked at, for bodies of many MiB."""
    for before, after in pairwise(text.split("@")):
        local = _BESIDE.split(before[-_LOCAL:])[-1]
        domain = _BESIDE.split(after[:_DOMAIN], maxsplit=1)[0]
        if local and domain:
            yield f"{local}@{domain}"


def _unicode(domain: str) -> str:
    try:
        return domain.encode().decode("idna")
    except UnicodeError:
        return domain


def _unescaped(text: str) -> str:
    return text.removeprefix("mailto").strip(":.")


def _record_of(body: bytes) -> str | None:
    """The record that a message is about."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return None
    data = event.get("data") if isinstance(event, dict) else None
    if not isinstance(data, dict):
        return None
    module, id_ = data.get("module"), data.get("record_id")
    return f"{module}:{id_}" if isinstance(module, str) and isinstance(id_, str | int) else None
