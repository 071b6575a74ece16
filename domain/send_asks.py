"""Requests to send a campaign, as far as they were answered: one that comes again is recognised.

One that was carried out is not carried out again, whatever became of the campaign since. One that was refused may be
sent in again once its cause is mended, for as long as the campaign is what it was about.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from domain.campaign import Campaign, SendAsk

MOST = 50  #: of one campaign that are remembered


def asked_before(campaign: Campaign, request_id: str | None) -> SendAsk | None:
    """What became of this very request; None for one that is new, or has no id."""
    if not request_id:
        return None
    return next((ask for ask in campaign.send_asks if ask.mark == _mark(request_id)), None)


def with_ask(campaign: Campaign, request_id: str | None, *, done: bool) -> Campaign:
    """The campaign, which remembers the request. Of one that is refused again the first refusal stands."""
    known = asked_before(campaign, request_id)
    if not request_id or (known is not None and known.done >= done):
        return campaign
    others = [ask for ask in campaign.send_asks if ask != known]
    asks = [*others, SendAsk(_mark(request_id), campaign.review_run, done)]
    return replace(campaign, send_asks=tuple(asks[-MOST:]))


def _mark(request_id: str) -> str:
    """32 hex digits: ids have up to 800 characters, and a campaign is read often."""
    return hashlib.sha256(request_id.encode()).hexdigest()[:32]
