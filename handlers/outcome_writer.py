"""Makes the relay's answers durable: rows move on, and dead addresses are never mailed again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from domain.delivery import Attempt, RetrySchedule, Wire, outcome
from domain.eligibility import SuppressionReason
from domain.email import Email, EmailState, Outcome
from domain.lists import Suppression
from domain.smtp_reply import Reply, is_dead, verdict
from domain.strikes import Sign, SignKind, strikes
from handlers.ports.clock import Clock
from handlers.ports.ledger import Emails
from handlers.ports.responses import Suppressions
from handlers.strike_book import StrikeBook

Tried: TypeAlias = tuple[Email, Attempt]

#: Does a piece of storing again and again until it is durable (workers/retry.py): the relay's word is not to be lost.
UntilStored: TypeAlias = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class OutcomeWriter:
    """Returns when the outcomes are durable, however long that takes."""

    emails: Emails
    suppressions: Suppressions
    strikes: StrikeBook
    until_stored: UntilStored
    schedule: RetrySchedule
    now: Clock
    spread: Callable[[], float]  #: a number from 0 to 1, for the jitter of retries

    async def tried(self, tried: Sequence[Tried]) -> None:
        now = self.now()
        outcomes = [outcome(email, attempt, self.schedule, now, self.spread()) for email, attempt in tried]
        both = list(zip((email for email, _ in tried), outcomes, strict=True))
        dead = [_suppression(email, outcome) for email, outcome in both]
        # Without a server's word, as where the connection to our relay broke, nothing is said of the address.
        heard = [each for each, (_, attempt) in zip(both, tried, strict=True) if attempt.wire is Wire.ANSWERED]
        signs = [_sign(email, outcome) for email, outcome in heard]
        await self._store(
            outcomes, [each for each in dead if each is not None], [each for each in signs if each is not None]
        )

    async def untried(self, outcomes: Sequence[Outcome]) -> None:
        await self._store(outcomes, (), ())

    async def _store(self, outcomes: Sequence[Outcome], dead: Sequence[Suppression], signs: Sequence[Sign]) -> None:
        async def all_() -> None:
            # Suppressions first: a crash in between repeats all; the other way round it would repeat nothing.
            no_more = [*dead, *(await self.strikes.told(signs) if signs else ())]
            if no_more:
                await self.suppressions.add(no_more)
            await self.emails.store(outcomes)
            if no_more:  # once more: who took one back meanwhile (reclassify.py) did not see these rows
                await self.suppressions.add(no_more)

        if outcomes:
            await self.until_stored(all_)


def _suppression(email: Email, outcome: Outcome) -> Suppression | None:
    if outcome.reply is None or not is_dead(outcome.reply):
        return None
    evidence = f"campaign {email.campaign_id}: {in_short(outcome.reply)}"
    return Suppression(email.contact_id, SuppressionReason.HARD_BOUNCED, outcome.at, evidence)


def _sign(email: Email, outcome: Outcome) -> Sign | None:
    """What the outcome says of the address (D10)."""
    if strikes(outcome.state, outcome.reason):
        return Sign(email.contact_id, email.id, SignKind.STRUCK, outcome.at)
    if outcome.state is EmailState.SENT:
        return Sign(email.contact_id, email.id, SignKind.TAKEN, outcome.at)
    return None


def in_short(reply: Reply) -> str:
    """Codes and rule, without the text: servers repeat addresses there."""
    return " ".join(part for part in (str(reply.code), reply.enhanced, verdict(reply).rule) if part)
