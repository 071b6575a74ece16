"""What to type to go on with a campaign. A message of a series is changed, reviewed, sent and ended with its series:
the commands of campaigns that do this are refused for it, and nobody is to be sent to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from domain.campaign import Campaign, CampaignStatus
from domain.series import ENDED, Series, SeriesStatus
from domain.series_child import OVER, paused_with

_C = CampaignStatus
_S = SeriesStatus


class Wish(StrEnum):
    """What somebody wants done with a message of a series by itself."""

    SEND = "send"
    PAUSE = "pause"
    RESUME = "resume"
    REOPEN = "reopen"
    END = "end"


def of_document(series_id: str) -> str:
    """What changes a series, and each of its messages."""
    return f"campaigns series export {series_id} --to FILE, then campaigns series apply FILE"


def to_change(campaign: Campaign, options: str = "") -> str:
    """What changes a draft; `options` are those of `campaigns campaign edit` that do it."""
    if campaign.series is not None:
        return of_document(campaign.series)
    return f"campaigns campaign edit {campaign.id} {options}".rstrip()


def to_mend(campaign: Campaign) -> str:
    """What makes a reviewed or rejected campaign one that can be changed."""
    if campaign.series is not None:
        return of_document(campaign.series)
    return f"campaigns campaign reopen {campaign.id}"


def to_review_again(campaign: Campaign) -> str:
    """What has a reviewed campaign reviewed as it is."""
    again = f"campaigns campaign reopen {campaign.id}"
    return again if campaign.series is None else f"{again}, then campaigns series review {campaign.series}"


def to_send(campaign: Campaign) -> str:
    """What has a reviewed campaign sent."""
    if campaign.series is not None:
        return f"campaigns series start {campaign.series}"
    return f"campaigns campaign send {campaign.id}"


def to_resume(campaign: Campaign) -> str:
    """What a paused campaign goes on with."""
    if campaign.series is not None and campaign.status_reason == paused_with(campaign.series):
        return f"campaigns series resume {campaign.series}"
    return f"campaigns campaign resume {campaign.id}"


def to_stop(campaign: Campaign) -> str:
    """What ends a campaign that is sent for good."""
    if campaign.series is not None:
        return f"campaigns series stop {campaign.series}"
    return f"campaigns campaign stop {campaign.id}"


def for_another(campaign: Campaign) -> str:
    """What begins one anew, of a campaign that is no draft any more."""
    if campaign.series is None:
        return "campaigns campaign create ID"
    key = "a message with another key: " if campaign.status in OVER else ""
    return f"{key}{of_document(campaign.series)}"


def is_for_series(wish: Wish, campaign: Campaign, series: Series | None) -> bool:
    """Whether this is not to be done with a message of this series by itself, as it stands."""
    if wish is Wish.PAUSE:
        return campaign.status not in {_C.SENDING, _C.PAUSED}
    if wish is Wish.RESUME:
        return campaign.status not in {_C.SENDING, _C.PAUSED} or series is None or series.status is not _S.RUNNING
    if wish is Wish.REOPEN:
        return campaign.status not in {_C.DRAFT, _C.REVIEWED, _C.REJECTED}
    return True


def in_series(wish: Wish, campaign: Campaign, series: Series | None) -> str:
    """Why this is not done with a message by itself, and what to type; `series` is its own, None if not stored yet."""
    told = f"campaign {campaign.id} is {campaign.status}, and a message of series {campaign.series}"
    if series is None:
        return f"{told}, which is not stored yet: campaigns series apply FILE"
    told = f"{told} ({series.status}), which it is sent and ended with"
    if wish is Wish.REOPEN and series.status not in {*ENDED, _S.OFFLINE}:
        return f"{told}; change it there: {of_document(series.id)}"
    command = _INSTEAD.get(wish, {}).get(series.status, "show")
    alone = f"; this message alone ends when it is taken out: {of_document(series.id)}" if command == "stop" else ""
    return f"{told}: campaigns series {command} {series.id}{alone}"


#: The command of series that does it, by what the series is; where there is none, `show` says what can be done.
_INSTEAD: Mapping[Wish, Mapping[SeriesStatus, str]] = {
    Wish.SEND: {_S.DRAFT: "start", _S.PAUSED: "resume"},
    Wish.PAUSE: {_S.RUNNING: "pause"},
    Wish.RESUME: {_S.PAUSED: "resume"},
    Wish.END: {_S.DRAFT: "cancel", _S.RUNNING: "stop", _S.PAUSED: "stop"},
}
