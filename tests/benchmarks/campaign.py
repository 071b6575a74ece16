"""A whole campaign: from `send-requested` to status `sent`, by real processes, with balanced books."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from cli.output import say
from domain.books import Books
from domain.campaign import Campaign, CampaignStatus
from domain.email import EmailState
from messages.send_requested import SendRequested
from tests.benchmarks import newsletter
from tests.benchmarks.desk import Desk, NotAllSent, cpu_s, desk
from tests.benchmarks.house import Ground, House
from tests.benchmarks.measured import Measured, on_uvloop
from tests.benchmarks.resident import Resident, watched
from tests.benchmarks.sinks import Sink, sink
from tests.benchmarks.worker_process import WorkerProcess, patience_s, workers
from workers.options import batch_size

NAME = "whole"
SENDERS = 2
LOOK_S = 0.2
SAY_S = 10.0
_ON_ITS_WAY = frozenset({CampaignStatus.REVIEWED, CampaignStatus.SENDING, CampaignStatus.SENT})


@dataclass(frozen=True, slots=True)
class _Went:
    seconds: float
    senders_s: float  #: CPU of the send workers
    others_s: float  #: CPU of send-requested and scheduler
    memory: Resident  #: of a send worker
    books: Books
    at_sink: int | None


def measure(ground: Ground, recipients: int) -> Measured:
    with ground.house() as house, sink(house.smtp_port) as taker:
        went = on_uvloop(_measure(house, recipients, taker))
    return Measured(
        program="campaign",
        title=f"campaign: {recipients:,} recipients, from send-requested to sent",
        columns=("what", "figure"),
        rows=_rows(recipients, went),
        notes=(
            f"Sink: {taker.name}. Laid beforehand: the people, and a reviewed campaign with its ledger. Then {SENDERS}",
            "send-batch processes, one scheduler and one send-requested, on the default settings; the clock runs from",
            "publishing send-requested until the scheduler has balanced the books and the campaign says sent.",
        ),
        command=f"make bench ARGS='campaign --recipients {recipients}'",
    )


async def _measure(house: House, recipients: int, taker: Sink) -> _Went:
    async with desk(house) as its:
        began = time.perf_counter()
        await newsletter.seed_people(its.stores, recipients, house.settings)
        campaign = await newsletter.seed_reviewed(its.stores, NAME, recipients, house.settings)
        say(f"campaign: {recipients:,} recipients are laid, in {time.perf_counter() - began:.0f} s")
        with _all(house) as (senders, others), watched(senders) as memory:
            began, sending, beside = time.perf_counter(), cpu_s(senders), cpu_s(others)
            await its.publish([SendRequested(campaign_id=campaign.id, confirmed_by="the benchmark")])
            await _until_sent(its, campaign, recipients)
            seconds, sending, beside = (
                time.perf_counter() - began, cpu_s(senders) - sending, cpu_s(others) - beside,
            )  # fmt: skip
        books = await its.stores.emails.books(campaign.id, recipients)
    return _checked(_Went(seconds, sending, beside, memory, books, taker.taken))


@contextmanager
def _all(house: House) -> Iterator[tuple[Sequence[WorkerProcess], Sequence[WorkerProcess]]]:
    """The send workers, and the others that a campaign needs."""
    with (
        workers(house, "scheduler") as scheduler,
        workers(house, "send-requested") as starter,
        workers(house, "send-batch", SENDERS) as senders,
    ):
        yield senders, [*scheduler, *starter]


async def _until_sent(its: Desk, campaign: Campaign, recipients: int) -> None:
    began = said = time.perf_counter()
    async with asyncio.timeout(patience_s(recipients)):
        while not await _is_sent(its, campaign):
            await asyncio.sleep(LOOK_S)
            if time.perf_counter() - said >= SAY_S:
                said = time.perf_counter()
                say(await _progress(its, campaign, said - began))


async def _is_sent(its: Desk, campaign: Campaign) -> bool:
    """
    Raises:
        NotAllSent: it was refused, or it ended or paused on the way.
    """
    found = await its.stores.campaigns.get(campaign.id)
    if found is None or found.status not in _ON_ITS_WAY or found.status_reason:
        raise NotAllSent(f"it did not become sent: {found and (found.status, found.status_reason)}")
    return found.status is CampaignStatus.SENT


async def _progress(its: Desk, campaign: Campaign, seconds: float) -> str:
    left = len(await its.stores.slices.unfinished(campaign.id))
    done = campaign.slices - left
    per_s = done * batch_size(its.settings) / seconds
    return f"campaign: {done:,} of {campaign.slices:,} batches after {seconds:.0f} s, {per_s:,.0f} emails per second"


def _checked(went: _Went) -> _Went:
    """
    Raises:
        NotAllSent: somebody was not sent to, or the sink took another number of mails.
    """
    books = went.books
    if not books.closed or books.count(EmailState.SENT) != books.selected:
        raise NotAllSent(f"of {books.selected} people the ledger says: {dict(books.states)}")
    if went.at_sink not in {None, books.selected}:
        raise NotAllSent(f"the ledger says {books.selected} sent, the sink took {went.at_sink}")
    return went


def _rows(recipients: int, went: _Went) -> tuple[tuple[object, ...], ...]:
    return (
        ("minutes", round(went.seconds / 60, 2)),
        ("seconds", round(went.seconds, 1)),
        ("emails per second", round(recipients / went.seconds)),
        (f"CPU µs per email, {SENDERS} send workers", round(went.senders_s / recipients * 1e6)),
        ("CPU µs per email, scheduler and send-requested", round(went.others_s / recipients * 1e6)),
        ("MiB of a send worker, at most", round(went.memory.most_mib)),
        *((f"books: {state.replace('_', ' ')}", count) for state, count in went.books.states.items()),
        ("books: still open", went.books.open),
        ("books: selected at review", went.books.selected),
        ("mails at the sink (none: it does not count)", went.at_sink),
    )
