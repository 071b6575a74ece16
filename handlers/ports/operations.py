"""What is kept for those who run it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from domain.api_token import ApiToken
from domain.audit import AuditEntry, AuditQuery
from domain.test_mail import TestOutcome


class Audit(Protocol):
    """Who had what changed."""

    async def add(self, entry: AuditEntry) -> None:
        """Store it; one whose id is known stays as it is."""

    async def end(self, entry_id: str, after: str | None, outcome: str) -> None:
        """Keep how it ended, unless that is known."""

    async def find(self, query: AuditQuery) -> Sequence[AuditEntry]:
        """The newest first."""


class TestMails(Protocol):
    """What came of test mails, for whoever asked for them; forgotten after a day."""

    async def save(self, outcomes: Sequence[TestOutcome]) -> None:
        """Store them; the last word on an address holds."""

    async def of(self, request: str) -> Sequence[TestOutcome]:
        """What is known of this request, by address."""


class Leases(Protocol):
    async def take(self, name: str, owner: str, lease_s: float) -> bool:
        """Take or renew a lease on the server's clock; False while somebody else holds it."""

    async def give_back(self, name: str) -> None:
        """End a lease before its time."""

    async def any_held(self, prefix: str) -> bool:
        """Whether anybody holds a lease whose name begins so; those that have run out are forgotten."""

    async def once(self, name: str) -> bool:
        """True for the first caller ever with this name."""

    async def forget(self, name: str) -> None:
        """Let `once` be true again: what it stood for was not done."""


class ApiTokens(Protocol):
    async def find(self, token_id: str) -> ApiToken | None:
        """The bearer token with this id, also one that is revoked."""
