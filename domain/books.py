"""The books of a campaign: who was selected and what came of each (X2), and the numbers of the reference page (R86)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from domain.email import EmailState, Mark, ServiceStatus

#: States in which an email was not delivered, for a reason that stands with it.
_UNDELIVERED = frozenset({EmailState.FAILED, EmailState.HARD_BOUNCED, EmailState.SOFT_BOUNCED})


@dataclass(frozen=True, slots=True)
class Books:
    """Counts of ledger rows. They balance when nothing is open and every line adds up to `selected`."""

    selected: int  #: as frozen by the review
    states: Mapping[EmailState, int] = field(default_factory=dict)
    skips: Mapping[str, int] = field(default_factory=dict)  #: by SkipReason
    failures: Mapping[str, int] = field(default_factory=dict)  #: by Reason
    conflicts: Mapping[str, int] = field(default_factory=dict)  #: topic conflicts by topics held

    def count(self, state: EmailState) -> int:
        return self.states.get(state, 0)

    @property
    def open(self) -> int:
        """Emails that have not ended: planned, or deferred until later."""
        return self.count(EmailState.PLANNED) + self.count(EmailState.DEFERRED)

    @property
    def ended(self) -> int:
        return sum(self.states.values()) - self.open

    @property
    def balanced(self) -> bool:
        return self.ended + self.open == self.selected

    @property
    def closed(self) -> bool:
        """Whether the campaign may become `sent`."""
        return self.balanced and self.open == 0


def books(selected: int, counts: Mapping[tuple[EmailState, str | None], int], conflicts: Mapping[str, int]) -> Books:
    """The books from how many rows there are of each state and reason."""
    states, skips, failures = Counter[EmailState](), Counter[str](), Counter[str]()
    for (state, reason), count in counts.items():
        states[state] += count
        if state is EmailState.SKIPPED:
            skips[reason or "unknown"] += count
        if state in _UNDELIVERED:
            failures[reason or "unknown"] += count
    return Books(selected, states, skips, failures, conflicts)


@dataclass(frozen=True, slots=True)
class Summary:
    """What came back (R86). Counts are of people, each once, however often an event came."""

    sent: int = 0
    delivered: int = 0  #: sent, and not bounced afterwards
    hard_bounced: int = 0
    soft_bounced: int = 0
    opened: int = 0
    not_opened: int = 0
    clicked: int = 0
    replied: int = 0
    complaints: int = 0
    unsubscribed: int = 0
    failed: int = 0
    in_doubt: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Response:
    """What the numbers of the summary look at in one email."""

    state: EmailState
    signs: frozenset[str]  #: service statuses and marks that have a time
    bounced: EmailState | None = None  #: see `Email.bounced`


_READ = frozenset({ServiceStatus.OPENED, ServiceStatus.CLICKED, ServiceStatus.REPLIED})


def _sent(response: Response) -> bool:
    return response.state is EmailState.SENT


def _delivered(response: Response) -> bool:
    return _sent(response) and Mark.BOUNCED not in response.signs


def _opened(response: Response) -> bool:
    """Who clicks or replies has opened, even where images are blocked."""
    return bool(_READ & response.signs)


def _hard_bounced(response: Response) -> bool:
    """At once, or by a bounce mail after the 250."""
    return response.state is EmailState.HARD_BOUNCED or (
        _sent(response) and Mark.BOUNCED in response.signs and response.bounced is EmailState.HARD_BOUNCED
    )


def _soft_bounced(response: Response) -> bool:
    return response.state is EmailState.SOFT_BOUNCED or (
        _sent(response) and Mark.BOUNCED in response.signs and response.bounced is not EmailState.HARD_BOUNCED
    )


#: Which emails each number of the summary counts; the people behind a number are found by the same rule (R88).
NUMBERS: Mapping[str, Callable[[Response], bool]] = {
    "sent": _sent,
    "delivered": _delivered,
    "hard_bounced": _hard_bounced,
    "soft_bounced": _soft_bounced,
    "opened": _opened,
    "not_opened": lambda response: _delivered(response) and not _opened(response),
    "clicked": lambda response: ServiceStatus.CLICKED in response.signs,
    "replied": lambda response: ServiceStatus.REPLIED in response.signs,
    "complaints": lambda response: Mark.COMPLAINED in response.signs,
    "unsubscribed": lambda response: Mark.UNSUBSCRIBED in response.signs,
    "failed": lambda response: response.state is EmailState.FAILED,
    "in_doubt": lambda response: response.state is EmailState.IN_DOUBT,
    "skipped": lambda response: response.state is EmailState.SKIPPED,
}


def summary(responses: Mapping[Response, int]) -> Summary:
    """The summary of a campaign from how many emails there are of each kind."""
    return Summary(
        **{
            number: sum(count for response, count in responses.items() if counts(response))
            for number, counts in NUMBERS.items()
        }
    )
