"""The comparison of three sources: the ledger, what the SMTP server wrote down, and the messages that are left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.email import EmailState
from tests.chaos.record import Line
from tests.chaos.sink import Verdict as Said


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known when a run is over."""

    planned: Collection[str]  #: Message-IDs of who is to get a mail
    ledger: Mapping[str, str]  #: states by Message-ID
    record: Sequence[Line]  #: the SMTP server's
    messages: Mapping[str, int]  #: left in queues
    parked: Mapping[str, int]
    killed_senders: int
    claim_window: int
    ended_badly: Mapping[str, int]  #: workers that ended by themselves, or not with 0
    campaign_is_sent: bool
    books_closed: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    sent: int  #: the ledger says so, and the server has each
    lost: int  #: nobody will ever send them, or the ledger says sent and the server has none
    twice: int  #: the server kept more than one
    unexplained: int  #: the server kept one, and the ledger says neither sent nor in doubt
    doubts_arrived: int
    doubts_not_arrived: int
    doubts_allowed: int  #: the claim window for each kill, and one for each reply that was not said
    broken: tuple[str, ...]  #: promises that were not kept, in words

    @property
    def doubts(self) -> int:
        return self.doubts_arrived + self.doubts_not_arrived


def judged(found: Evidence) -> Verdict:
    kept = Counter(line.message_id for line in found.record if line.verdict is not Said.LOST_UNSAID)
    unsaid = sum(line.verdict is not Said.ACCEPTED for line in found.record)
    sent = _in(found, EmailState.SENT)
    doubtful = _in(found, EmailState.IN_DOUBT)
    arrived = sum(kept[each] > 0 for each in doubtful)
    verdict = Verdict(
        sent=sum(kept[each] > 0 for each in sent),
        lost=sum(kept[each] == 0 for each in (*sent, *_never(found))),
        twice=sum(count > 1 for count in kept.values()),
        unexplained=len(set(kept) - set(sent) - set(doubtful)),
        doubts_arrived=arrived,
        doubts_not_arrived=len(doubtful) - arrived,
        doubts_allowed=found.claim_window * found.killed_senders + unsaid,
        broken=(),
    )
    return _with_promises(verdict, found)


def _in(found: Evidence, state: EmailState) -> list[str]:
    return [message_id for message_id, told in found.ledger.items() if told == state]


def _never(found: Evidence) -> list[str]:
    """The server refuses nobody for good: whoever is neither sent nor in doubt was missed."""
    settled = {EmailState.SENT, EmailState.IN_DOUBT}
    return [each for each in found.planned if found.ledger.get(each) not in settled]


def _with_promises(verdict: Verdict, found: Evidence) -> Verdict:
    promises = {
        f"{verdict.lost} mails are lost": verdict.lost == 0,
        f"{verdict.twice} people got the mail twice": verdict.twice == 0,
        f"{verdict.unexplained} mails arrived of which the ledger says neither sent nor in doubt": (
            verdict.unexplained == 0
        ),
        f"{verdict.doubts} emails are in doubt, {verdict.doubts_allowed} may be": (
            verdict.doubts <= verdict.doubts_allowed
        ),
        f"messages are left: {dict(found.messages)}": not any(found.messages.values()),
        f"messages were parked: {dict(found.parked)}": not found.parked,
        f"workers ended badly: {dict(found.ended_badly)}": not found.ended_badly,
        "the campaign did not come to its end": found.campaign_is_sent,
        "the books do not balance": found.books_closed,
    }
    broken = tuple(words for words, holds in promises.items() if not holds)
    return replace(verdict, broken=broken)
