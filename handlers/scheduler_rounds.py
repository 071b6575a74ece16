"""All that time brings, one line per concern."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.campaign import CampaignStatus
from handlers.abandonment import Abandonment
from handlers.batch_cutter import BatchCutter
from handlers.breakers import Breakers, Resumption
from handlers.campaign_end import CampaignEnd
from handlers.campaign_moves import ENDED_EARLY, CampaignMoves
from handlers.chain_keeper import ChainKeeper
from handlers.deferrals import Deferrals
from handlers.early_ends import SETTLED_AFTER, EarlyEnds
from handlers.in_doubt import SecondTries
from handlers.ports.campaigns import Campaigns
from handlers.ports.ledger import Emails, Slices
from handlers.scheduled_sends import ScheduledSends
from handlers.scheduler import Concern, Round
from handlers.timers import Timers
from handlers.warm_up_gate import WarmUpGate


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How patient the scheduler is."""

    stall_s: float = 60  #: a batch that nobody takes for so long is offered again
    grace_s: float = 15  #: what a worker that lost its lease has left to store its answers
    books_every_s: float = 5
    harm_every_s: float = 5
    batch_size: int = 200  #: deferred emails per batch
    resend_after_s: float | None = None  #: policy `resend`: how long a doubt has to be settled; None: it is held


def rounds(
    campaigns: Campaigns, emails: Emails, slices: Slices, gate: WarmUpGate, timers: Timers, rhythm: Rhythm
) -> Sequence[Round]:
    now, cut = timers.now, BatchCutter(campaigns, emails, slices)
    end = CampaignEnd(campaigns, emails, slices, cut, timers, now, rhythm.books_every_s)
    ending: tuple[Concern, ...] = (end,)
    if rhythm.resend_after_s is not None:
        again = SecondTries(campaigns, emails, slices, now, rhythm.resend_after_s, rhythm.batch_size)
        ending = (again, replace(end, awaits=again.are_due_later))
    sending: tuple[Concern, ...] = (
        Breakers(campaigns, emails, timers, now, rhythm.harm_every_s),
        Abandonment(emails, slices, timers, now, rhythm.grace_s, rhythm.stall_s),
        ChainKeeper(slices, gate, timers, rhythm.stall_s),
        Deferrals(emails, slices, cut, gate, now, rhythm.batch_size),
        *ending,
    )
    ends = EarlyEnds(CampaignMoves(campaigns, emails, slices, now))
    paused, scheduled = Resumption(campaigns, slices, now), ScheduledSends(timers, rhythm.stall_s)
    return (
        Round("sending", frozenset({CampaignStatus.SENDING}), sending),
        Round("paused", frozenset({CampaignStatus.PAUSED}), (paused,), every_s=rhythm.harm_every_s),
        Round("ended early", ENDED_EARLY, (ends,), every_s=rhythm.stall_s, lately=SETTLED_AFTER),
        Round("scheduled", frozenset({CampaignStatus.SCHEDULED}), (scheduled,), only_due=True),
    )
