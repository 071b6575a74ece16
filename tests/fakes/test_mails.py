"""What came of test mails, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from domain.test_mail import TestOutcome


class MemoryTestMails:
    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], TestOutcome] = {}

    async def save(self, outcomes: Sequence[TestOutcome]) -> None:
        self.stored |= {(each.request, each.address.lower()): each for each in outcomes}

    async def of(self, request: str) -> Sequence[TestOutcome]:
        return [each for key, each in sorted(self.stored.items()) if key[0] == request]
