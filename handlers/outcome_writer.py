"""Makes the relay's answers durable: rows move on, and dead addresses are never mailed again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from domain.delivery import Attempt, RetrySchedule, outcome
from domain.eligibility import SuppressionReason
from domain.email import Email, Outcome
from domain.lists import Suppression
from domain.smtp_reply import Reply, is_dead, verdict
from handlers.ports import Clock, Emails, Suppressions

Tried: TypeAlias = tuple[Email, Attempt]

#: Does a piece of storing again and again until it is durable (workers/retry.py): the relay's word is not to be lost.
UntilStored: TypeAlias = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class OutcomeWriter:
    """Returns when the outcomes are durable, however long that takes."""

    emails: Emails
    suppressions: Suppressions
    until_stored: UntilStored
    schedule: RetrySchedule
    now: Clock
    spread: Callable[[], float]  #: a number from 0 to 1, for the jitter of retries

    async def tried(self, tried: Sequence[Tried]) -> None:
        now = self.now()
        outcomes = [outcome(email, attempt, self.schedule, now, self.spread()) for email, attempt in tried]
        dead = [_suppression(email, outcome) for (email, _), outcome in zip(tried, outcomes, strict=True)]
        await self._store(outcomes, [each for each in dead if each is not None])

    async def untried(self, outcomes: Sequence[Outcome]) -> None:
        await self._store(outcomes, ())

    async def _store(self, outcomes: Sequence[Outcome], dead: Sequence[Suppression]) -> None:
        async def both() -> None:
            # Suppressions first: a crash in between repeats both; the other way round it would repeat neither.
            if dead:
                await self.suppressions.add(dead)
            await self.emails.store(outcomes)

        if outcomes:
            await self.until_stored(both)


def _suppression(email: Email, outcome: Outcome) -> Suppression | None:
    if outcome.reply is None or not is_dead(outcome.reply):
        return None
    evidence = f"campaign {email.campaign_id}: {in_short(outcome.reply)}"
    return Suppression(email.contact_id, SuppressionReason.HARD_BOUNCED, outcome.at, evidence)


def in_short(reply: Reply) -> str:
    """Codes and rule, without the text: servers repeat addresses there."""
    return " ".join(part for part in (str(reply.code), reply.enhanced, verdict(reply).rule) if part)
