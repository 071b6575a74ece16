"""Whom of a campaign to list (R88-R92)."""

from __future__ import annotations

from dataclasses import dataclass

from domain.email import Email
from domain.member_status import member_status
from domain.response import Response, any_of, response
from domain.summary import NUMBERS


@dataclass(frozen=True, slots=True)
class Wanted:
    """Those who fit every part that is given; of several values of one part, one is enough."""

    kpi: str | None = None  #: a number of the summary (`NUMBERS`)
    services: frozenset[str] = frozenset()  #: the same, any of these
    statuses: frozenset[str] = frozenset()  #: member statuses
    modules: frozenset[str] = frozenset()

    def includes(self, row: Email, chosen: str) -> bool:
        """Whether a row is one of them; `chosen` is the member status of those who were added."""
        found, module = response(row), (row.ref or "").partition(":")[0]
        return (
            (self.kpi is None or any_of(NUMBERS[self.kpi], found))
            and (not self.services or any(any_of(NUMBERS[each], found) for each in self.services))
            and (not self.statuses or member_status(found, chosen) in self.statuses)
            and (not self.modules or module in self.modules)
        )


#: What is said of an email in one word: the first that holds.
_WORDS = (
    "complaints", "unsubscribed", "hard_bounced", "soft_bounced", "replied", "clicked", "opened", "delivered",
    "failed", "in_doubt", "skipped", "deferred", "planned",
)  # fmt: skip
_SAID = {"complaints": "complained"}


def service_status(found: Response) -> str:
    """The service status in one word (R90-R92): the furthest, or what ended it."""
    word = next(word for word in _WORDS if any_of(NUMBERS[word], found))
    return _SAID.get(word, word)
