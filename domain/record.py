"""CRM records as events build them up: late, twice, in pieces and out of order (D4)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from domain.module import OPT_OUT_FIELD
from domain.values import Value

#: In whole numbers: a time as a float is off by a microsecond now and then, and two events would be equally new.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Operation(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    UNDELETE = "undelete"


@dataclass(frozen=True, slots=True)
class RecordChange:
    """One event about one record."""

    module: str
    record_id: str
    operation: Operation
    fields: Mapping[str, Value]
    cleared: frozenset[str]  #: fields that the CRM emptied
    complete: bool  #: a snapshot: what it does not name is empty
    version: int  #: see `order_of`
    changed_at: datetime

    @property
    def ref(self) -> str:
        return f"{self.module}:{self.record_id}"


def order_of(source_version: int | None, changed_at: datetime) -> int:
    """What decides which of two events about one record is newer: the CRM's version, else microseconds of time.

    A source gives versions always or never; a time outranks any version that a CRM counts by hand. Events of equal
    order end the same whichever comes first: see `applied`.
    """
    return source_version if source_version is not None else (changed_at - _EPOCH) // _MICROSECOND


@dataclass(frozen=True, slots=True)
class RecordField:
    value: Value
    version: int


#: `Record.revision` of one that was read in part: no stored document is at this revision, so it cannot be saved.
READ_ONLY = -1


@dataclass(frozen=True, slots=True)
class Projected:
    """Which contact this record was last carried over to, and at which version."""

    version: int
    contact_id: str | None
    #: By which rules, and what the contact's revision was then: while both are the same, carrying it over once more
    #: changes nothing. See `domain.passage.settled_by`; None when that has to be looked at again.
    settled: str | None = None
    #: While it stands behind nobody: whom it stood behind before. Their refusals go along to its next address (D3).
    left: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Record:
    module: str
    record_id: str
    fields: Mapping[str, RecordField] = field(default_factory=dict)
    snapshot_version: int = -1  #: fields not named by anything newer than this are empty, but for an opt-out
    alive_version: int = -1  #: of the newest event that says the record exists
    deleted_version: int = -1  #: of the newest delete: the tombstone
    changed_at: datetime | None = None  #: of the newest event
    projected: Projected | None = None
    revision: int = 0  #: of the stored document; 0 = not stored yet

    @property
    def ref(self) -> str:
        return f"{self.module}:{self.record_id}"

    @property
    def version(self) -> int:
        return max(self.alive_version, self.deleted_version)

    @property
    def deleted(self) -> bool:
        """A delete wins against a change of equal version: nobody is mailed whom the CRM deleted in the same second."""
        return self.deleted_version >= max(self.alive_version, 0)

    @property
    def carried_to(self) -> str | None:
        """The contact that it was carried over to as it is now; None when it stands behind nobody, or changed since."""
        mark = self.projected
        return mark.contact_id if mark and mark.version == self.version else None

    @property
    def partial(self) -> bool:
        """Whether it was never told whole, so that fields may be missing."""
        return self.snapshot_version < 0

    def value(self, name: str) -> Value:
        """What `values` has of one field."""
        entry = self.fields.get(name)
        return entry.value if entry else None

    def values(self) -> dict[str, Value]:
        """What was named and not emptied since by a snapshot; of a record that is not `partial`, the rest is empty."""
        return {name: entry.value for name, entry in self.fields.items()}


def applied(record: Record, change: RecordChange) -> Record:
    """The record after the change; older news change nothing that is newer, field by field.

    The same set of changes ends in the same record in any order and with any repetition. Where versions are equal the
    CRM gave no order, so a rule does: deleted wins against alive, a value against an emptied field, and of two values
    the one that is greater as JSON text.
    """
    changed_at = _changed_at(record, change)
    if change.operation is Operation.DELETE:
        return replace(record, deleted_version=max(record.deleted_version, change.version), changed_at=changed_at)
    return replace(
        record,
        fields=_merged(record, change),
        snapshot_version=_snapshot_version(record, change),
        alive_version=max(record.alive_version, change.version),
        changed_at=changed_at,
    )


def _changed_at(record: Record, change: RecordChange) -> datetime:
    if record.changed_at is None or change.version > record.version:
        return change.changed_at
    return max(record.changed_at, change.changed_at) if change.version == record.version else record.changed_at


def _snapshot_version(record: Record, change: RecordChange) -> int:
    return max(record.snapshot_version, change.version) if change.complete else record.snapshot_version


def _merged(record: Record, change: RecordChange) -> dict[str, RecordField]:
    told = {**change.fields, **dict.fromkeys(change.cleared)} if change.cleared else change.fields
    news = {name: RecordField(value, change.version) for name, value in told.items()}
    snapshot = _snapshot_version(record, change)
    if record.fields:
        newest = {name: _later(record.fields.get(name, new), new) for name, new in news.items()}
        news = {**record.fields, **newest}
    # An opt-out is taken back by its name only: who left does not come back because somebody left out a column (D4).
    return {name: entry for name, entry in news.items() if _outlives(entry, snapshot) or name == OPT_OUT_FIELD}


def _later(known: RecordField, new: RecordField) -> RecordField:
    if known is new or known.version != new.version:
        return known if known.version > new.version else new
    return max(known, new, key=_rank)


def _outlives(entry: RecordField, snapshot_version: int) -> bool:
    """Whether a snapshot of that version that does not name it leaves it there; see `_rank`."""
    return entry.version > snapshot_version or (entry.version == snapshot_version and entry.value is not None)


def _rank(entry: RecordField) -> tuple[int, str]:
    """Emptied ranks lowest within its version: that is also what a snapshot says of all that it does not name."""
    return entry.version, "" if entry.value is None else json.dumps(entry.value, sort_keys=True)
