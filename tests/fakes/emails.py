"""The ledger in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from domain.activity import Wanted
from domain.books import Books, books
from domain.breakers import TRIED_STATES, Counts
from domain.email import (
    ALIVE,
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
from domain.reclassification import JUDGED, Rejudged, after
from domain.remainder import is_untold, planned_again
from domain.response import response
from domain.send_times import NO_ZONE, SendTimes
from domain.smtp_reply import OURS
from domain.summary import Summary, summary

_UNTOUCHED = frozenset({EmailState.PLANNED, EmailState.SKIPPED})


class MemoryEmails:
    def __init__(self, *rows: Email) -> None:
        self.stored: dict[str, Email] = {row.id: row for row in rows}
        self.settled: dict[str, EmailState] = {}  #: what the state of a row that was in doubt rests on
        self.rejudged: list[Rejudged] = []  #: in the order in which it was done
        self.proved: dict[tuple[str, EmailState], str] = {}  #: reasons that events gave

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
                if event.proves and event.reason:
                    told = event.email_id, event.proves
                    self.proved[told] = min(self.proved.get(told, event.reason), event.reason)
                self._settle(event.email_id)
        return frozenset(event.email_id for event in events if event.email_id not in self.stored)

    async def doubt(
        self, campaign_id: str, number: int, at: datetime, *, through: str | None = None, detail: str | None = None
    ) -> int:
        there = [row for row in self._open(campaign_id) if row.slice == number]
        rows = [row for row in there if through is None or row.id <= through]
        for row in rows:
            doubted = replace(row, state=EmailState.IN_DOUBT, reason="worker_died", detail=detail, state_at=at)
            self.stored[row.id] = doubted
            self._settle(row.id)
        return len(rows)

    async def doubtful(self, campaign_id: str, since: datetime, limit: int) -> Sequence[str]:
        rows = [row for row in self._of(campaign_id) if _is_doubtful(row) and row.state_at and row.state_at <= since]
        return [row.id for row in sorted(rows, key=lambda row: (row.state_at or since, row.id))][:limit]

    async def resend(self, ids: Sequence[str], number: int, at: datetime) -> int:
        rows = [self.stored[key] for key in ids if key in self.stored and _is_doubtful(self.stored[key])]
        for row in rows:
            self.stored[row.id] = replace(row, state=EmailState.PLANNED, slice=number, state_at=at, resent_at=at)
        return len(rows)

    async def settle(
        self,
        campaign_id: str,
        ids: Sequence[str] | None,
        state: EmailState,
        *,
        reason: str | None,
        by: str,
        at: datetime,
    ) -> int:
        doubted = [row for row in self._of(campaign_id) if row.state is EmailState.IN_DOUBT]
        rows = [row for row in doubted if ids is None or row.id in ids]
        for row in rows:
            self.stored[row.id] = replace(row, state=state, reason=reason, detail=f"settled by {by}", state_at=at)
            self.settled[row.id] = state
        return len(rows)

    async def resent(self, campaign_id: str) -> int:
        return sum(row.resent_at is not None for row in self._of(campaign_id))

    async def due(self, campaign_id: str, now: datetime, limit: int) -> Sequence[str]:
        waiting = [row for row in self._open(campaign_id) if row.slice == NO_SLICE and _is_due(row, now)]
        return [row.id for row in sorted(waiting, key=lambda row: (row.next_at or now, row.id))][:limit]

    async def time_zones(self, campaign_id: str) -> Mapping[str, int]:
        return Counter(row.time_zone or NO_ZONE for row in self._planned(campaign_id))

    async def wait_for(self, campaign_id: str, first: int, end: int, times: SendTimes) -> None:
        for row in self._planned(campaign_id):
            if first <= row.slice < end:
                at = times.by_zone.get(row.time_zone or NO_ZONE, times.otherwise)
                self.stored[row.id] = replace(row, slice=NO_SLICE, next_at=at)

    async def hasten(self, campaign_id: str, at: datetime) -> None:
        for row in self._planned(campaign_id):
            if row.slice == NO_SLICE and row.next_at is not None and row.next_at > at:
                self.stored[row.id] = replace(row, next_at=at)

    async def put_in_slice(self, ids: Sequence[str], number: int, *, out_of: int) -> None:
        for row in [self.stored[key] for key in ids if key in self.stored]:
            if row.slice == out_of and row.state in OPEN_STATES:
                self.stored[row.id] = replace(row, slice=number)

    async def skip_open(self, campaign_id: str, reason: str, at: datetime) -> int:
        for row in self._open(campaign_id):
            if row.resent_at is not None:
                self.stored[row.id] = replace(row, state=EmailState.IN_DOUBT, next_at=None, state_at=at)
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

    async def harm(self, campaign_id: str) -> Counts:
        rows = self._of(campaign_id)
        later = [row for row in rows if row.state is EmailState.SENT and row.bounced is EmailState.HARD_BOUNCED]
        return Counts(
            hard_bounced=sum(row.state is EmailState.HARD_BOUNCED for row in rows) + len(later),
            complaints=sum(Mark.COMPLAINED in row.times for row in rows),
            sender_faults=sum(row.state is EmailState.FAILED and row.reason in OURS for row in rows),
        )

    async def tried(self, campaign_id: str) -> int:
        return sum(row.state in TRIED_STATES for row in self._of(campaign_id))

    async def get(self, email_id: str) -> Email | None:
        return self.stored.get(email_id)

    async def of_contact(self, campaign_id: str, contact_id: str) -> Sequence[Email]:
        return [row for row in self._of(campaign_id) if row.contact_id == contact_id]

    async def summary(self, campaign_id: str) -> Summary:
        return (await self.summaries([campaign_id]))[campaign_id]

    async def summaries(self, campaign_ids: Collection[str]) -> Mapping[str, Summary]:
        return {key: summary(Counter(map(response, self._of(key)))) for key in campaign_ids}

    async def activity(
        self, campaign_id: str, number: str, *, module: str | None = None, limit: int = 100
    ) -> AsyncIterator[Email]:
        wanted = Wanted(number, modules=frozenset({module} if module else ()))
        async for row in self.people(campaign_id, wanted, chosen="", limit=limit):
            yield row

    async def people(
        self, campaign_id: str, wanted: Wanted, *, chosen: str, after: str = "", limit: int = 0
    ) -> AsyncIterator[Email]:
        rows = [row for row in self._of(campaign_id) if row.id > after and wanted.includes(row, chosen)]
        for row in rows[: limit or None]:
            yield row

    async def load(self, ids: Collection[str]) -> Sequence[Email]:
        return [self.stored[key] for key in sorted(self.stored) if key in ids]

    async def judged(self, campaign_id: str, since: datetime | None = None) -> AsyncIterator[Email]:
        for row in self._of(campaign_id):
            if row.state in JUDGED and (since is None or (row.state_at and row.state_at >= since)):
                yield row

    async def rejudge(self, rejudged: Sequence[Rejudged]) -> frozenset[str]:
        as_read = [each for each in rejudged if self.stored.get(each.row.id) == each.row]
        for each in as_read:
            key = each.row.id
            self.rejudged.append(each)
            self.stored[key] = after(each)
            if each.proved is None:
                continue
            self.proved = {told: why for told, why in self.proved.items() if told[0] != key}
            self.proved |= {(key, state): reason for state, reason in each.proved.reasons.items()}
            proof = each.proved.proof
            if each.state is None and proof and self.settled.get(key) is each.row.proof:
                self.settled[key] = proof
                self.stored[key] = replace(self.stored[key], state=proof, reason=each.proved.reasons.get(proof))
        return frozenset(each.row.id for each in rejudged) - {each.row.id for each in as_read}

    async def ended(self, campaign_id: str, states: Collection[EmailState]) -> AsyncIterator[Email]:
        for row in self._of(campaign_id):
            if row.state in states:
                yield row

    async def replan(self, rows: Sequence[Email], by: str, at: datetime) -> int:
        fresh = [row for row in rows if self.stored.get(row.id) == row and is_untold(row)]
        for row in fresh:
            self.stored[row.id] = planned_again(row, by, at)
            self.settled.pop(row.id, None)
        return len(fresh)

    async def of_people(self, contact_ids: Collection[str]) -> Sequence[Email]:
        return [self.stored[key] for key in sorted(self.stored) if self.stored[key].contact_id in contact_ids]

    async def last_alive(self, contact_ids: Collection[str]) -> Mapping[str, datetime]:
        times = [
            (row.contact_id, row.times[status])
            for row in await self.of_people(contact_ids)
            for status in ALIVE
            if status in row.times
        ]
        return {contact_id: max(at for of, at in times if of == contact_id) for contact_id, _ in times}

    def _of(self, campaign_id: str) -> list[Email]:
        return [self.stored[key] for key in sorted(self.stored) if self.stored[key].campaign_id == campaign_id]

    def _planned(self, campaign_id: str) -> list[Email]:
        return [row for row in self._of(campaign_id) if row.state is EmailState.PLANNED]

    def _open(self, campaign_id: str) -> list[Email]:
        return [row for row in self._of(campaign_id) if row.state in OPEN_STATES]

    def _settle(self, key: str) -> None:
        row = self.stored[key]
        open_again = row.state in OPEN_STATES and row.resent_at is not None
        rests_on = self.settled.get(key, row.proof if row.state is EmailState.IN_DOUBT or open_again else None)
        if row.proof is None or rests_on is None or PROOFS.index(rests_on) > PROOFS.index(row.proof):
            return
        self.settled[key] = row.proof
        self.stored[key] = replace(row, state=row.proof, reason=self.proved.get((key, row.proof)))


def _is_doubtful(row: Email) -> bool:
    return row.state is EmailState.IN_DOUBT and row.resent_at is None and row.proof is None


def _is_due(row: Email, now: datetime) -> bool:
    return row.next_at is not None and row.next_at <= now


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
