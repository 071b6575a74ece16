"""A CRM record was created, changed, deleted or brought back."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AwareDatetime, Field

from domain.record import Operation, RecordChange, order_of
from messages.base import Message

ModuleName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^:|]+$")]
RecordId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^|]+$")]
FieldName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]+$")]
MAX_INT = 2**63 - 1  #: what the store keeps as a number
MAX_DEPTH = 20  #: levels of lists and objects within a value


def _storable(value: Any, depth: int = 0) -> Any:
    """The value, if it can be kept and compared."""
    if isinstance(value, str):  # nearly all are
        return value
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("NaN and infinity are not numbers that JSON has")
    if isinstance(value, int) and not -MAX_INT <= value <= MAX_INT:
        raise ValueError("a whole number of more than 64 bits; send it as text")
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _storable(inner, depth + 1)
    return value


class RecordChanged(Message):
    """Published by the CRM for every change; may repeat, come late and out of order.

    `fields` null means that the event names the record only: we ask for it with `record-wanted` (a delete is all there
    is to say; an undelete brings the record back as it was known until the answer comes). A field set to
    null, an empty text, or named in `cleared_fields` was erased in the CRM; a field not named was not touched,
    unless the event is `complete`, as a create always is; `Email_Opt_Out` is taken back by its name only.
    """

    queue: ClassVar[str] = "record-changed"
    happened: ClassVar[tuple[str, ...]] = ("changed_at",)

    module: ModuleName
    record_id: RecordId  #: as text: 19-digit ids do not survive as numbers
    operation: Operation
    fields: dict[FieldName, Annotated[Any, AfterValidator(_storable)]] | None = None
    cleared_fields: list[FieldName] = Field(default_factory=list)
    complete: bool = False
    source_version: int | None = Field(None, ge=0, le=MAX_INT)
    changed_at: AwareDatetime

    @property
    def ids_only(self) -> bool:
        return self.fields is None and not self.cleared_fields and self.operation is not Operation.DELETE

    @property
    def tells(self) -> bool:
        """Whether anything is known of the record by it: its fields, or that it is deleted, or there again."""
        return self.operation is Operation.UNDELETE or not self.ids_only

    def to_change(self) -> RecordChange:
        return RecordChange(
            module=self.module,
            record_id=self.record_id,
            operation=self.operation,
            fields=self.fields or {},
            cleared=frozenset(self.cleared_fields),
            complete=self.complete or self.operation is Operation.CREATE,
            version=order_of(self.source_version, self.changed_at),
            changed_at=self.changed_at,
        )
