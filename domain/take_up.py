"""Campaigns that went offline before anything of them was sent: they may be sent from here alone (R98).

An offline campaign stays offline; what is taken up is a draft of its own, made of the same document.
"""

from __future__ import annotations

from domain.campaign import Campaign, CampaignStatus
from domain.errors import IllegalTransition

_S = CampaignStatus
#: What an unsent campaign may have been.
UNSENT = frozenset(
    {_S.DRAFT, _S.SYNCING_RECIPIENTS, _S.TO_BE_REVIEWED, _S.IN_REVIEW, _S.REVIEWED, _S.REJECTED, _S.SCHEDULED}
)


def is_unsent(campaign: Campaign) -> bool:
    """Whether it is offline, and nothing of it was ever sent."""
    return campaign.status is _S.OFFLINE and campaign.left_as in UNSENT


def check_unsent(campaign: Campaign) -> None:
    """
    Raises:
        IllegalTransition: it is not offline, or part of it was sent.
    """
    if campaign.status is not _S.OFFLINE:
        raise IllegalTransition(
            f"campaign {campaign.id} is {campaign.status}: only one that is offline is taken up; "
            f"what can be done with it: campaigns campaign show {campaign.id}"
        )
    if not is_unsent(campaign):
        was = campaign.left_as or "sent"
        raise IllegalTransition(
            f"campaign {campaign.id} was {was} when it went offline, so people may have it; "
            "create another one: campaigns campaign create ID"
        )
