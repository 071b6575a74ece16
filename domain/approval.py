"""Four eyes: a reviewed campaign is sent when somebody other than its author has approved it, where that is wanted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from domain.campaign import Approval, Campaign, CampaignStatus
from domain.errors import IllegalTransition, NotReady
from domain.organisation import Organisation
from domain.what_to_type import of_document, to_change

_REVIEWED = frozenset({CampaignStatus.REVIEWED, CampaignStatus.SCHEDULED})


def approved(campaign: Campaign, by: str, at: datetime) -> Campaign:
    """The campaign with the approval; as it is when the same person has approved it before.

    Raises:
        IllegalTransition: it is not reviewed.
        NotReady: who approves it wrote it, or who wrote it is not known.
    """
    name = " ".join(by.split())
    if campaign.status not in _REVIEWED or campaign.reviewed_hash is None:
        raise IllegalTransition(
            f"campaign {campaign.id} is {campaign.status} and cannot be approved: only a reviewed one can. "
            f"How far it is: campaigns campaign show {campaign.id}"
        )
    if not name:
        raise NotReady(f"an approval needs a name: campaigns campaign approve {campaign.id} --by NAME")
    if campaign.author is None:
        raise NotReady(
            f"nobody knows who wrote campaign {campaign.id}, so nobody can be said to be somebody else: "
            f"{_with_author(campaign)} and have it reviewed again"
        )
    if _same(name, campaign.author):
        raise NotReady(
            f"{name} wrote campaign {campaign.id}; somebody else has to approve it: "
            f"campaigns campaign approve {campaign.id} --by NAME"
        )
    if campaign.approval is not None and _same(name, campaign.approval.by):
        return campaign
    return replace(campaign, approval=Approval(name, at))


def approval_missing(campaign: Campaign, organisation: Organisation) -> str | None:
    """Why the campaign can't be sent yet, with what to type; None when nothing is missing."""
    if not organisation.four_eyes or campaign.approval is not None:
        return None
    author = f"{campaign.author}, who wrote it" if campaign.author else "its author"
    return f"it has to be approved by somebody other than {author}: campaigns campaign approve {campaign.id} --by NAME"


def _with_author(campaign: Campaign) -> str:
    if campaign.series is not None:
        return f"change it ({of_document(campaign.series)} --author NAME)"
    return f"reopen it, save it once ({to_change(campaign, '--author NAME')})"


def _same(one: str, other: str) -> bool:
    return one.casefold() == " ".join(other.split()).casefold()
