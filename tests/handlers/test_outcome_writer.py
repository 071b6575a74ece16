"""The relay's answers become durable: the row and who is never mailed again, whatever else happens meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from domain.delivery import Attempt, RetrySchedule, Wire
from domain.eligibility import SuppressionReason
from domain.email import EmailState, Outcome
from handlers.outcome_writer import OutcomeWriter
from handlers.strike_book import StrikeBook
from tests.builders import NOW, a_reply, an_email, later
from tests.fakes.emails import MemoryEmails
from tests.fakes.strikes import MemoryStrikes
from tests.fakes.suppressions import MemorySuppressions

ANN = an_email(state=EmailState.CLAIMED)
REFUSED = Attempt(ANN.id, Wire.ANSWERED, a_reply(550, "5.1.1 no such user"))


class Lifting(MemoryEmails):
    """Right before the rows are stored, somebody takes back what suppressed their addresses (reclassify.py)."""

    def __init__(self, suppressions: MemorySuppressions) -> None:
        super().__init__(ANN)
        self.suppressions = suppressions

    async def store(self, outcomes: Sequence[Outcome]) -> None:
        for each in list(self.suppressions.stored.values()):
            assert await self.suppressions.lift(each, at=later(9), because="reclassified: text:x")
        await super().store(outcomes)


async def at_once(store: Callable[[], Awaitable[None]]) -> None:
    await store()


async def test_a_suppression_that_is_taken_back_while_its_row_is_stored_stands_afterwards() -> None:
    suppressions = MemorySuppressions()
    emails = Lifting(suppressions)
    book = StrikeBook(MemoryStrikes(), emails)
    writer = OutcomeWriter(emails, suppressions, book, at_once, RetrySchedule(), lambda: NOW, lambda: 0.5)
    await writer.tried([(ANN, REFUSED)])
    assert emails.stored[ANN.id].state is EmailState.HARD_BOUNCED
    assert list(suppressions.stored) == [(ANN.contact_id, SuppressionReason.HARD_BOUNCED)]
    await writer.tried([(ANN, REFUSED)])
    assert len(suppressions.taken_back) == 2, "told again, it is the same once more"
    assert len(suppressions.stored) == 1
