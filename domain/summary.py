"""The numbers of the reference page (R86), and who is counted in each (R88-R92)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.email import EmailState, Mark, ServiceStatus
from domain.response import (
    DELIVERED,
    HARD_BOUNCES,
    NOT_OPENED,
    READ,
    SOFT_BOUNCES,
    Kind,
    Response,
    any_of,
    in_state,
    with_sign,
)


@dataclass(frozen=True, slots=True)
class Summary:
    """What came back. Counts are of people, each once, however often an event came."""

    sent: int = 0
    delivered: int = 0  #: sent, and not bounced afterwards
    hard_bounced: int = 0
    soft_bounced: int = 0
    opened: int = 0  #: who clicks or replies has opened, even where images are blocked
    not_opened: int = 0
    clicked: int = 0
    replied: int = 0
    complaints: int = 0
    unsubscribed: int = 0
    autoreplied: int = 0
    machine_opened: int = 0  #: fetched by a privacy proxy or filter; in no other number
    machine_clicked: int = 0  #: links followed by a scanner; in no other number
    failed: int = 0
    in_doubt: int = 0
    skipped: int = 0
    deferred: int = 0
    planned: int = 0

    @property
    def tried(self) -> int:
        """Whom it was tried with, to whatever end: of these are the shares of those that bounced."""
        return self.delivered + self.hard_bounced + self.soft_bounced

    @property
    def is_final(self) -> bool:
        """Whether every email has ended: only what comes back, and people, change anything now."""
        return not (self.planned or self.deferred or self.in_doubt)


#: Which emails each number counts; the people behind a number are found by the same rule.
NUMBERS: Mapping[str, tuple[Kind, ...]] = {
    "sent": (in_state(EmailState.SENT),),
    "delivered": DELIVERED,
    "hard_bounced": HARD_BOUNCES,
    "soft_bounced": SOFT_BOUNCES,
    "opened": (with_sign(*READ),),
    "not_opened": NOT_OPENED,
    "clicked": (with_sign(ServiceStatus.CLICKED),),
    "replied": (with_sign(ServiceStatus.REPLIED),),
    "complaints": (with_sign(Mark.COMPLAINED),),
    "unsubscribed": (with_sign(Mark.UNSUBSCRIBED),),
    "autoreplied": (with_sign(Mark.AUTOREPLIED),),
    "machine_opened": (with_sign(Mark.MACHINE_OPENED),),
    "machine_clicked": (with_sign(Mark.MACHINE_CLICKED),),
    "failed": (in_state(EmailState.FAILED),),
    "in_doubt": (in_state(EmailState.IN_DOUBT),),
    "skipped": (in_state(EmailState.SKIPPED),),
    "deferred": (in_state(EmailState.DEFERRED),),
    "planned": (in_state(EmailState.PLANNED, EmailState.CLAIMED),),
}


def summary(responses: Mapping[Response, int]) -> Summary:
    """The summary of a campaign from how many emails there are of each kind."""
    return Summary(
        **{
            number: sum(count for response, count in responses.items() if any_of(kinds, response))
            for number, kinds in NUMBERS.items()
        }
    )
