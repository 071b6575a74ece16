"""The ledger in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from domain.books import NUMBERS, Books, Response, Summary, books, summary
from domain.email import (
    NEXT,
    NO_SLICE,
    OPEN_STATES,
    PROOFS,
    Email,
    EmailEvent,
    EmailState,
    Mark,
    Outcome,
    ServiceStatus,
    SkipReason,
)

_UNTOUCHED = frozenset({EmailState.PLANNED, EmailState.SKIPPED})


class MemoryEmails:
    def __init__(self, *rows: Email) -> None:
        self.stored: dict[str, Email] = {row.id: row for row in rows}
        self.settled: set[str] = set()  #: rows whose state rests on events

    async def plan(self, rows: Sequence[Email]) -> None:
        for row in rows:
            self.stored.setdefault(row.id, row)

    async def drop(self, campaign_id: str) -> int:
        rows = self._of(campaign_id)
        if any(row.state not in _UNTOUCHED for row in rows):
            return 0
        for row in rows:
            del self.stored[row.id]
        return len(rows)

    async def open_slices(self, campaign_id: str) -> Sequence[int]:
        return sorted({row.slice for row in self._open(campaign_id)} - {NO_SLICE})

    async def due_in_slice(self, campaign_id: str, number: int) -> Sequence[Email]:
        return [row for row in self._open(campaign_id) if row.slice == number]

    async def store(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            row = self.stored.get(outcome.email_id)
            if row is None or outcome.state not in NEXT[row.state] or _told_before(row, outcome):
                continue
            self.stored[row.id] = _moved(row, outcome)
            self._settle(row.id)

    async def apply(self, events: Sequence[EmailEvent]) -> frozenset[str]:
        for event in events:
            if event.email_id in self.stored:
                self.stored[event.email_id] = _with_event(self.stored[event.email_id], event)
                self._settle(event.email_id)
        return frozenset(event.email_id for event in events if event.email_id not in self.stored)

    async def doubt(self, campaign_id: str, number: int, at: datetime) -> int:
        rows = [row for row in self._open(campaign_id) if row.slice == number]
        for row in rows:
            self.stored[row.id] = replace(row, state=EmailState.IN_DOUBT, reason="worker_died", state_at=at)
            self._settle(row.id)
        return len(rows)

    async def due(self, campaign_id: str, now: datetime, limit: int) -> Sequence[str]:
        waiting = [row for row in self._open(campaign_id) if row.slice == NO_SLICE and _is_due(row, now)]
        return [row.id for row in sorted(waiting, key=lambda row: (row.next_at or now, row.id))][:limit]

    async def put_in_slice(self, ids: Sequence[str], number: int, *, out_of: int) -> None:
        for row in [self.stored[key] for key in ids if key in self.stored]:
            if row.slice == out_of and row.state in OPEN_STATES:
                self.stored[row.id] = replace(row, slice=number)

    async def skip_open(self, campaign_id: str, reason: str, at: datetime) -> int:
        rows = self._open(campaign_id)
        for row in rows:
            skipped = replace(row, state=EmailState.SKIPPED, reason=reason, detail=None, next_at=None, state_at=at)
            self.stored[row.id] = skipped
        return len(rows)

    async def of_addresses(self, campaign_id: str, addresses: Collection[str]) -> Sequence[Email]:
        wanted = {address.lower() for address in addresses}
        return [row for row in self._of(campaign_id) if row.address.lower() in wanted]

    async def books(self, campaign_id: str, selected: int) -> Books:
        rows = self._of(campaign_id)
        conflicts = [row.detail or "" for row in rows if row.reason == SkipReason.TOPIC_CONFLICT]
        return books(selected, Counter((row.state, row.reason) for row in rows), Counter(conflicts))

    async def get(self, email_id: str) -> Email | None:
        return self.stored.get(email_id)

    async def of_contact(self, campaign_id: str, contact_id: str) -> Sequence[Email]:
        return [row for row in self._of(campaign_id) if row.contact_id == contact_id]

    async def summary(self, campaign_id: str) -> Summary:
        return (await self.summaries([campaign_id]))[campaign_id]

    async def summaries(self, campaign_ids: Collection[str]) -> Mapping[str, Summary]:
        return {key: summary(Counter(map(_response, self._of(key)))) for key in campaign_ids}

    async def activity(
        self, campaign_id: str, number: str, *, module: str | None = None, limit: int = 100
    ) -> AsyncIterator[Email]:
        rows = [row for row in self._of(campaign_id) if NUMBERS[number](_response(row))]
        for row in [row for row in rows if module in {None, (row.ref or "").partition(":")[0]}][:limit]:
            yield row

    def _of(self, campaign_id: str) -> list[Email]:
        return [self.stored[key] for key in sorted(self.stored) if self.stored[key].campaign_id == campaign_id]

    def _open(self, campaign_id: str) -> list[Email]:
        return [row for row in self._of(campaign_id) if row.state in OPEN_STATES]

    def _settle(self, key: str) -> None:
        row = self.stored[key]
        if row.proof is None or not (row.state is EmailState.IN_DOUBT or key in self.settled):
            return
        self.settled.add(key)
        self.stored[key] = replace(row, state=row.proof, reason=None)


def _is_due(row: Email, now: datetime) -> bool:
    return row.state is not EmailState.DEFERRED or row.next_at is None or row.next_at <= now


def _told_before(row: Email, outcome: Outcome) -> bool:
    """Whether this deferral, or a later one, is stored already."""
    both = row.state is EmailState.DEFERRED and outcome.state is EmailState.DEFERRED
    return both and row.state_at is not None and row.state_at >= outcome.at


def _moved(row: Email, outcome: Outcome) -> Email:
    tried = [at for at in (row.first_tried_at, outcome.at if outcome.tried or outcome.reply else None) if at]
    return replace(
        row,
        state=outcome.state,
        slice=NO_SLICE if outcome.state is EmailState.DEFERRED else row.slice,
        reason=outcome.reason,
        detail=outcome.detail,
        attempts=row.attempts + outcome.tried,
        first_tried_at=min(tried, default=None),
        next_at=outcome.next_at,
        reply=outcome.reply or row.reply,
        state_at=outcome.at,
    )


def _with_event(row: Email, event: EmailEvent) -> Email:
    times = dict(row.times)
    for name in (event.service, event.mark):
        if name is not None:
            times[name] = min(times.get(name, event.at), event.at)
    service = max(row.service, event.service or ServiceStatus.NONE, key=lambda status: status.rank)
    bounce = event.proves if event.mark is Mark.BOUNCED else None
    return replace(
        row,
        times=times,
        service=service,
        proof=_weightier(row.proof, event.proves),
        bounced=_weightier(row.bounced, bounce),
    )


def _weightier(one: EmailState | None, other: EmailState | None) -> EmailState | None:
    return max((state for state in (one, other) if state), key=PROOFS.index, default=None)


def _response(row: Email) -> Response:
    return Response(row.state, frozenset(row.times), row.bounced)
