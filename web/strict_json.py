"""JSON as two readers would read it alike: names once, numbers that are numbers, no deeper than anybody writes."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from typing import NoReturn

from domain.errors import InvalidMessage

_DEEPEST = 100  #: levels; ours have five, and Python's own reader gives up at about a thousand


def strict(body: bytes) -> object:
    """What a body of UTF-8 JSON says.

    Raises:
        InvalidMessage: it is none, names something twice (RFC 8259, 4), has NaN or Infinity (6), or is too deep.
    """
    try:
        found = json.loads(body.decode(), object_pairs_hook=_named_once, parse_constant=_no_number, parse_float=_finite)
        _check_characters(body, found)
        return _checked_depth(found)
    except UnicodeDecodeError as error:
        raise InvalidMessage("body: not UTF-8") from error
    except RecursionError as error:
        raise InvalidMessage(f"body: deeper than {_DEEPEST} levels") from error
    except json.JSONDecodeError as error:
        raise InvalidMessage(f"body: not JSON: {error}") from error
    except ValueError as error:  # Python reads no integer of more than 4,300 digits, and says how to change that
        raise InvalidMessage("body: a number is too large") from error


def _checked_depth(value: object) -> object:
    """The value itself, unless it has so many levels that what writes it again would not get through."""
    level: Sequence[object] = [value]
    for _ in range(_DEEPEST + 1):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return value
    raise InvalidMessage(f"body: deeper than {_DEEPEST} levels")


def _check_characters(body: bytes, found: object) -> None:
    """Half a character, written as \\ud83d, can be kept nowhere."""
    if b"\\ud" not in body.lower():
        return
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise InvalidMessage("body: half a character (a surrogate without its other half)") from error


def _inside(value: object) -> Sequence[object]:
    found = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [each for each in found if isinstance(each, dict | list)]


def _named_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        [(name, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise InvalidMessage(f"{name[:100]}: is there twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise InvalidMessage(f"body: {name} is no number in JSON")


def _finite(digits: str) -> float:
    """1e999 is a number, and yet none that anybody can keep."""
    found = float(digits)
    if math.isinf(found):
        raise InvalidMessage("body: a number is too large")
    return found
