"""The campaign member status (R49): what a CRM shows of a person in a campaign. It follows both axes by one table.

It is worked out from the row whenever it is asked for, never stored: a row is written by updates that do not read it,
and a second account of the same facts could differ. Filtering by it is a query made of the same table; whoever
publishes changes (X10) compares what this says now with what it told last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.email import EmailState, Mark, ServiceStatus
from domain.response import HARD_BOUNCES, SOFT_BOUNCES, Kind, Response, any_of, in_state, with_sign


class MemberStatus(StrEnum):
    """Those that every organisation has, in the order in which a person goes through them."""

    PLANNED = "Planned"
    INVITED = "Invited"
    SENT = "Sent"
    RECEIVED = "Received"
    OPENED = "Opened"
    RESPONDED = "Responded"
    BOUNCED = "Bounced"
    OPTED_OUT = "Opted Out"


#: The first that holds; the status that people were added with until one does.
RULES: Sequence[tuple[MemberStatus, tuple[Kind, ...]]] = (
    (MemberStatus.OPTED_OUT, (with_sign(Mark.UNSUBSCRIBED, Mark.COMPLAINED),)),
    (MemberStatus.BOUNCED, (*HARD_BOUNCES, *SOFT_BOUNCES)),
    (MemberStatus.RESPONDED, (with_sign(ServiceStatus.CLICKED, ServiceStatus.REPLIED),)),
    (MemberStatus.OPENED, (with_sign(ServiceStatus.OPENED),)),
    (MemberStatus.RECEIVED, (with_sign(ServiceStatus.DELIVERED),)),
    (MemberStatus.SENT, (in_state(EmailState.SENT),)),
)
PLACES: Mapping[str, int] = {status: place for place, status in enumerate(MemberStatus)}


def member_status(found: Response, chosen: str) -> str:
    """The status of somebody who was added as `chosen`: nothing that happens takes a person back.

    A status of the organisation's own counts as the first one: whatever happens to the email is further on.
    """
    for status, kinds in RULES:
        if any_of(kinds, found):
            return _forward(chosen, status)
    return chosen


@dataclass(frozen=True, slots=True)
class Branch:
    """Emails of one of the kinds in `of` (empty: all) and of none of those in `but`."""

    of: tuple[Kind, ...]
    but: tuple[Kind, ...]


def branches(status: str, chosen: str) -> Sequence[Branch]:
    """Which emails have this member status, as data; `member_status` the other way round."""
    found, before = list[Branch](), tuple[Kind, ...]()
    for result, kinds in RULES:
        if _forward(chosen, result) == status:
            found.append(Branch(kinds, before))
        before = (*before, *kinds)
    return [*found, Branch((), before)] if status == chosen else found


def _forward(chosen: str, status: MemberStatus) -> str:
    return status if PLACES[status] > PLACES.get(chosen, 0) else chosen
