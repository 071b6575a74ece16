"""What a CRM field may hold once it is ours: plain data, nothing with behaviour."""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

#: A JSON value. Dates and numbers of the CRM stay as the CRM wrote them.
Value: TypeAlias = "str | int | float | bool | None | Sequence[Value] | Mapping[str, Value]"

#: Characters of a value that go with a contact: more than any email shows. The record keeps all of it.
MOST_CARRIED = 20_000
CUT = "…"  #: at the end of what was longer


def is_empty(value: Value) -> bool:
    """Whether the CRM shows nothing there: null, or text without any character but blanks."""
    return value is None or (isinstance(value, str) and not value.strip())


def shortened(value: Value) -> Value:
    """The value as it goes with a contact: at most `MOST_CARRIED` characters, as JSON where it is no text."""
    if isinstance(value, str):
        return value if len(value) <= MOST_CARRIED else f"{value[: MOST_CARRIED - len(CUT)]}{CUT}"
    if value is None or isinstance(value, int | float):
        return value
    text = json.dumps(value, ensure_ascii=False)
    return value if len(text) <= MOST_CARRIED else shortened(text)
