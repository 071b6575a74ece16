"""Campaigns that are offline: what came back of them is no longer shown (R97), unless somebody asks for it."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.output import shown
from domain.campaign import Campaign, CampaignStatus
from domain.take_up import is_unsent

Kept = Annotated[
    bool, typer.Option("--kept", help="Also of what is offline: what was recorded here until it went offline.")
]


def is_hidden(campaign: Campaign, *, kept: bool = False) -> bool:
    """Whether its numbers and people are not to be shown."""
    return campaign.status is CampaignStatus.OFFLINE and not kept


def note(campaign: Campaign) -> str:
    """Why nothing is shown, and what to type."""
    since = f" since {shown(campaign.status_at)} UTC" if campaign.status_at else ""
    said = f"Campaign {campaign.id} is offline{since}: {campaign.status_reason or 'the integration was left'}. "
    if campaign.series is not None:
        again = f"campaigns series export {campaign.series}"
        said = f"{said}`{again}` makes the document for another series. "
    elif is_unsent(campaign):
        taken_up = f"campaigns campaign take-up {campaign.id} NEW"
        return f"{said}Nothing of it was sent; `{taken_up}` makes a draft of it that is sent from here."
    return f"{said}What came back is no longer shown on it (R97); --kept shows what was recorded here until then."
