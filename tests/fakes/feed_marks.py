"""Marked documents in memory: a test marks what its store would have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from domain.email import Email
from domain.feed import CampaignMove, MarkedCampaign, MarkedEmail, MarkedSuppressions, Told
from domain.lists import Suppression
from domain.slices import Run


class MemoryFeedMarks:
    def __init__(self) -> None:
        self.told: dict[str, Told] = {}  #: by email
        self._marks = count(1)
        self._emails: dict[str, MarkedEmail] = {}
        self._moves: list[CampaignMove] = []
        self._last: dict[str, CampaignMove] = {}
        self._suppressions: list[Suppression] = []
        self._runs: list[Run] = []

    def written(self, email: Email) -> None:
        """A write of an email."""
        self._emails[email.id] = MarkedEmail(email, str(next(self._marks)))

    def moved(self, move: CampaignMove) -> None:
        self._moves.append(move)

    def suppressed(self, suppression: Suppression) -> None:
        self._suppressions.append(suppression)

    def ended(self, run: Run) -> None:
        self._runs.append(run)

    async def emails(self, limit: int) -> Sequence[MarkedEmail]:
        found = sorted(self._emails.values(), key=lambda each: int(each.mark))
        return [replace(each, told=self.told.get(each.email.id, Told())) for each in found[:limit]]

    async def emails_told(self, told: Sequence[MarkedEmail]) -> None:
        for each in told:
            self.told[each.email.id] = each.told
            if self._emails[each.email.id].mark == each.mark:
                del self._emails[each.email.id]

    async def campaigns(self, limit: int) -> Sequence[MarkedCampaign]:
        ids = list(dict.fromkeys(move.campaign_id for move in self._moves))[:limit]
        return [MarkedCampaign(tuple(self._of(id_)), self._last.get(id_)) for id_ in ids]

    async def campaigns_told(self, told: Sequence[MarkedCampaign]) -> None:
        for each in told:
            last = self._last[each.moves[-1].campaign_id] = each.moves[-1]
            gone = [move for move in self._of(last.campaign_id) if move.revision <= last.revision]
            self._moves = [move for move in self._moves if move not in gone]

    async def suppressions(self, limit: int) -> Sequence[MarkedSuppressions]:
        ids = list(dict.fromkeys(each.contact_id for each in self._suppressions))[:limit]
        reasons = {id_: tuple(each for each in self._suppressions if each.contact_id == id_) for id_ in ids}
        return [MarkedSuppressions(id_, own) for id_, own in reasons.items()]

    async def suppressions_told(self, told: Sequence[MarkedSuppressions]) -> None:
        gone = {reason for each in told for reason in each.reasons}
        self._suppressions = [each for each in self._suppressions if each not in gone]

    async def runs(self, limit: int) -> Sequence[Run]:
        return self._runs[:limit]

    async def runs_told(self, told: Sequence[Run]) -> None:
        self._runs = [run for run in self._runs if run not in told]

    def _of(self, campaign_id: str) -> list[CampaignMove]:
        return [move for move in self._moves if move.campaign_id == campaign_id]
