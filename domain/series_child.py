"""Messages of a series as campaigns: the one move that other campaigns do not have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from domain.campaign import NEXT, Campaign, CampaignStatus
from domain.errors import IllegalTransition

_S = CampaignStatus
#: A message of a series that goes on may be changed: it is a draft again, its people wait, and it goes on once it was
#: reviewed. The rows of its ledger stay: they are of those who had it, and of those who wait.
CHILD_NEXT: Mapping[CampaignStatus, frozenset[CampaignStatus]] = {
    **NEXT,
    _S.SENDING: NEXT[_S.SENDING] | {_S.DRAFT},
    _S.PAUSED: NEXT[_S.PAUSED] | {_S.DRAFT},
}
#: Once there, nothing brings a message back; its key stays taken.
OVER = frozenset({_S.SENT, _S.STOPPED, _S.CANCELLED, _S.OFFLINE})


def paused_with(series_id: str) -> str:
    """Why a message is paused that was paused with its series."""
    return f"series {series_id} is paused"


def reopened(child: Campaign, at: datetime) -> Campaign:
    """The message as a draft, to be changed.

    Raises:
        IllegalTransition: it is under review, has ended, or is no message of a series.
    """
    if child.series is None or (child.status is not _S.DRAFT and _S.DRAFT not in CHILD_NEXT[child.status]):
        raise IllegalTransition(f"campaign {child.id} is {child.status} and cannot be changed")
    draft = replace(child, status=_S.DRAFT, status_reason=None, status_at=at, report=None, review_run=None)
    return replace(draft, reviewed_hash=None, reviewed_assets={}, approval=None, include_existing_members=False)
