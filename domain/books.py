"""The books of a campaign: who was selected and what came of each (X2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.email import EmailState

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
