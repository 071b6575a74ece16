"""What a CRM field may hold once it is ours: plain data, nothing with behaviour."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

#: A JSON value. Dates and numbers of the CRM stay as the CRM wrote them.
Value: TypeAlias = "str | int | float | bool | None | Sequence[Value] | Mapping[str, Value]"


def is_empty(value: Value) -> bool:
    """Whether the CRM shows nothing there: null, or text without any character but blanks."""
    return value is None or (isinstance(value, str) and not value.strip())
