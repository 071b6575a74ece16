"""What's Next (R39-R41): the five steps of a campaign, readable at any time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.campaign import Campaign, CampaignStatus


class StepState(StrEnum):
    DONE = "done"
    CURRENT = "current"  #: under way, nothing to type
    BLOCKED = "blocked"  #: see the reason
    NEXT = "next"  #: yours to do
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Step:
    number: int
    title: str
    state: StepState
    note: str = ""  #: why it is blocked, or how far it is
    command: str = ""  #: what to type, when it is next


_S = CampaignStatus
_UNDER_REVIEW = frozenset({_S.SYNCING_RECIPIENTS, _S.TO_BE_REVIEWED, _S.IN_REVIEW})
_REVIEWED = frozenset({_S.REVIEWED, _S.SCHEDULED, _S.SENDING, _S.PAUSED, _S.SENT, _S.STOPPED})


def whats_next(campaign: Campaign) -> list[Step]:
    """The five steps; at most one of them is next, current or blocked."""
    c = campaign.id
    done = [
        bool(campaign.content.html or campaign.content.text),
        not campaign.recipients.empty or campaign.include_existing_members,
        campaign.list_id is not None,
        campaign.status in _REVIEWED,
        campaign.status is _S.SENT,
    ]
    titles = ["Choose a template", "Add recipients", "Associate list and topic", "Send for review", "Send"]
    commands = [
        f"campaigns campaign edit {c} --template newsletter",
        f"campaigns campaign edit {c} --module Leads",
        f"campaigns campaign edit {c} --list LIST",
        f"campaigns campaign review {c}",
        f"campaigns campaign send {c}",
    ]
    first_open = done.index(False) if False in done else len(done)
    return [
        _step(campaign, number, title, commands[number], done=done[number], reached=number == first_open)
        for number, title in enumerate(titles)
    ]


def _step(campaign: Campaign, number: int, title: str, command: str, *, done: bool, reached: bool) -> Step:
    if done:
        return Step(number + 1, title, StepState.DONE)
    if not reached:
        return Step(number + 1, title, StepState.LATER)
    state, note = _reached(campaign)
    return Step(number + 1, title, state, note, command if state is StepState.NEXT else "")


def _reached(campaign: Campaign) -> tuple[StepState, str]:
    """State and note of the step that the campaign stands at."""
    status, reason = campaign.status, campaign.status_reason or ""
    if status in _UNDER_REVIEW:
        return StepState.CURRENT, status.replace("_", " ")
    if status is _S.REJECTED:
        fix = f"campaigns campaign reopen {campaign.id}"
        return StepState.BLOCKED, f"rejected: {reason}; mend it after `{fix}`"
    if status is _S.PAUSED:
        return StepState.BLOCKED, f"paused{': ' + reason if reason else ''}; `campaigns campaign resume {campaign.id}`"
    if status in {_S.STOPPED, _S.CANCELLED, _S.OFFLINE}:
        return StepState.BLOCKED, f"{status}{': ' + reason if reason else ''}"
    if status in {_S.SENDING, _S.SCHEDULED}:
        return StepState.CURRENT, status
    return StepState.NEXT, ""
