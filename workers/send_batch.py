"""Sends batches of emails: the ordinary lane, and the urgent one that no long campaign holds up."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import structlog

from domain.assembly import Assembler
from domain.campaign import Campaign
from domain.mailer import mailer_of
from handlers.hold import Holder
from handlers.lanes import Lanes
from handlers.outcome_writer import OutcomeWriter
from handlers.permit_desk import PermitDesk
from handlers.recording import Recorder
from handlers.send_batch import BatchSender
from handlers.series_claims import SeriesClaims
from handlers.slice_sender import SliceSender
from handlers.strike_book import StrikeBook
from handlers.warm_up_gate import WarmUpGate
from messages.send_batch import URGENT, SendBatch
from workers.dkim_keys import dkim_keys
from workers.options import (
    SEND_LANES,
    URGENT_LANES,
    claim_window,
    flush_size,
    organisation,
    pacing,
    portion,
    retry_schedule,
    signing_keys,
)
from workers.part import Part
from workers.relays import paced
from workers.resources import Resources, new_id, now

log = structlog.get_logger()


def build(resources: Resources) -> Sequence[Part]:
    sender, runtime = _sender(resources), resources.runtime
    return [
        # Lease and SMTP time-outs bound each step; a time limit would leave in doubt what the relay answers late.
        runtime.single(SendBatch, sender, concurrency=SEND_LANES, time_limit_s=math.inf),
        runtime.single(SendBatch, sender, concurrency=URGENT_LANES, queue=URGENT, time_limit_s=math.inf),
    ]


def _sender(resources: Resources) -> BatchSender:
    stores, sending = resources.stores, resources.settings.sending
    desk = PermitDesk(stores.throttles, new_id(), pacing(resources.settings), random.random)
    lanes = Lanes(SEND_LANES, desk.holds_up)
    return BatchSender(
        campaigns=stores.campaigns,
        emails=stores.emails,
        slices=stores.slices,
        send=_slice_sender(resources, desk, lanes),
        gate=WarmUpGate(stores.throttles, pacing(resources.settings).warm_up_caps),
        owner=f"{resources.runtime.settlement.worker} {new_id()}",
        lease_s=sending.lease_s,
        lanes=lanes,
    )


def _slice_sender(resources: Resources, desk: PermitDesk, lanes: Lanes) -> SliceSender:
    """At the pace that all send workers share: both lanes of this process are one worker to throttles."""
    stores, settings, runtime = resources.stores, resources.settings, resources.runtime
    ours = organisation(settings)
    writer = OutcomeWriter(
        emails=stores.emails,
        suppressions=stores.suppressions,
        strikes=StrikeBook(stores.strikes, stores.emails),
        until_stored=runtime.in_place.until_stored,
        schedule=retry_schedule(settings),
        now=now,
        spread=random.random,
    )
    return SliceSender(
        contacts=stores.contacts,
        suppressions=stores.suppressions,
        emails=stores.emails,
        slices=stores.slices,
        relay=paced(resources, desk),
        holder=Holder(stores.campaigns, stores.slices, runtime.stopping.is_set, settings.sending.lease_s),
        writer=writer,
        recorder=Recorder(writer.tried, size=flush_size(settings)),
        assembler_of=Assemblers(resources),
        now=now,
        window=claim_window(settings),
        portion=portion(settings),
        is_crowded=lanes.are_full,
        tracking=ours.tracking,
        series_claims=SeriesClaims(stores.series, stores.series_entries, stores.contacts, now, ours.time_zone),
    )


class Assemblers:
    """Compiles a campaign once: it is locked while it is being sent, and has another revision after a change."""

    def __init__(self, resources: Resources) -> None:
        self._organisation = organisation(resources.settings)
        self._keys = signing_keys(resources.settings)
        self._dkim = dkim_keys(resources.settings)
        self._kept: dict[str, tuple[str | None, Assembler]] = {}

    def __call__(self, campaign: Campaign) -> Assembler:
        reviewed, kept = self._kept.get(campaign.id, (None, None))
        if kept is None or reviewed != campaign.reviewed_hash:
            kept = mailer_of(campaign, self._organisation, self._keys, self._dkim)
            self._kept[campaign.id] = (campaign.reviewed_hash, kept)
            if self._dkim.leaves_unsigned(campaign.sender.domain):  # where the review ran there may have been a key
                log.warning("mail_unsigned", campaign_id=campaign.id, domain=campaign.sender.domain)
            self._forget_the_oldest()
        return kept

    def _forget_the_oldest(self, most: int = 50) -> None:
        while len(self._kept) > most:
            del self._kept[next(iter(self._kept))]
