"""Which campaign member statuses people may be added with (R49): everybody's, and the organisation's own."""

from __future__ import annotations

from collections.abc import Sequence

from domain.errors import InvalidDefinition
from domain.member_status import MemberStatus


def member_statuses(own: Sequence[str]) -> tuple[str, ...]:
    """All that there are, each once."""
    return tuple(dict.fromkeys([*(status.value for status in MemberStatus), *own]))


def known_status(text: str, own: Sequence[str]) -> str:
    """The status as it is spelt in the list, whatever its upper and lower case.

    Raises:
        InvalidDefinition: there is none; names all that there are.
    """
    spelt = {status.casefold(): status for status in member_statuses(own)}
    found = spelt.get(text.strip().casefold())
    if found is None:
        raise InvalidDefinition(
            f"member_status: there is no status {text!r}; there are {', '.join(member_statuses(own))}. More of your "
            "own: CAMPAIGNS_ORGANISATION__MEMBER_STATUSES"
        )
    return found
