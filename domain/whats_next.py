"""What's Next (R39-R41): the five steps of a campaign, readable at any time.

A campaign by itself says which steps were taken. With the facts around it (is the list there, are the merge fields
mapped, are the company details known) the step that they stand in the way of is blocked, with what to type.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.approval import approval_missing
from domain.campaign import UNDER_REVIEW, Campaign, CampaignStatus, changed_since_review
from domain.organisation import Organisation
from domain.readiness import Facts, Lacking, company_details_missing, lacking
from domain.what_to_type import to_mend, to_resume, to_review_again


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
    note: str = ""  #: why it is blocked, or will be, or how far it is
    command: str = ""  #: what to type, when it is next


_S = CampaignStatus
_REVIEWED = frozenset({_S.REVIEWED, _S.SCHEDULED, _S.SENDING, _S.PAUSED, _S.SENT, _S.STOPPED})
_TITLES = ("Choose a template", "Add recipients", "Associate list and topic", "Send for review", "Send")
_REVIEW, _SEND = 3, 4  # their places


def whats_next(campaign: Campaign, facts: Facts | None = None) -> list[Step]:
    """The five steps; at most one of them is next, current or blocked. Without facts nothing around it is looked at.

    What will stand in the way of a later step is told at once: it is often somebody else who mends it.
    """
    done, blocks, commands = _done(campaign), _blocks(campaign, facts), _commands(campaign)
    reached = next((place for place in range(len(_TITLES)) if blocks[place] or not done[place]), len(_TITLES))
    steps = [Step(place + 1, title, StepState.DONE) for place, title in enumerate(_TITLES[:reached])]
    if reached < len(_TITLES):
        here = Step(reached + 1, _TITLES[reached], StepState.NEXT, command=commands[reached])
        steps.append(_reached(campaign, here, blocks[reached]))
    later = range(reached + 1, len(_TITLES))
    return [*steps, *(Step(each + 1, _TITLES[each], StepState.LATER, _lacks(blocks[each])) for each in later)]


def _done(campaign: Campaign) -> list[bool]:
    return [
        bool(campaign.content.html or campaign.content.text),
        not campaign.recipients.empty or campaign.goes_to_members or campaign.series is not None,
        campaign.list_id is not None,
        campaign.status in _REVIEWED,
        campaign.status is _S.SENT,
    ]


def _commands(campaign: Campaign) -> list[str]:
    if campaign.series is not None:
        return _series_commands(campaign.series)
    edit = f"campaigns campaign edit {campaign.id}"
    when = "schedule" if campaign.schedule else "send"
    return [
        f"{edit} --template newsletter",
        f"{edit} --module Leads",
        f"{edit} --list LIST",
        f"campaigns campaign review {campaign.id}",
        f"campaigns campaign {when} {campaign.id}",
    ]


def _series_commands(series_id: str) -> list[str]:
    """A message is changed, reviewed and sent with its series."""
    change = f"campaigns series export {series_id} --to FILE"
    return [change, change, change, f"campaigns series review {series_id}", f"campaigns series start {series_id}"]


def _blocks(campaign: Campaign, facts: Facts | None) -> list[Sequence[str]]:
    """What stands in the way of each step, with what to type."""
    if facts is None:
        return [()] * len(_TITLES)
    found = lacking(campaign, facts) if campaign.status is _S.DRAFT else Lacking()
    blocks: list[Sequence[str]] = [
        _unless_open(campaign, 0, [*found.details, *found.content]),
        _unless_open(campaign, 1, found.recipients),
        _unless_open(campaign, 2, found.list_and_topic),
        [*found.fields, *found.company],
        _before_sending(campaign, facts.organisation),
    ]
    return blocks


def _unless_open(campaign: Campaign, place: int, lacks: Sequence[str]) -> Sequence[str]:
    """A step that nobody has taken is not blocked by that: it is the next one."""
    return lacks if _done(campaign)[place] else ()


def _before_sending(campaign: Campaign, organisation: Organisation) -> list[str]:
    if campaign.status is not _S.REVIEWED:
        return []
    changed = changed_since_review(campaign)
    again = [f"what was reviewed ({', '.join(changed)} changed): {to_review_again(campaign)}"]
    approval = approval_missing(campaign, organisation)
    company = company_details_missing(organisation)
    return [*(again if changed else []), *company, *([approval] if approval else [])]


def _reached(campaign: Campaign, step: Step, blocks: Sequence[str]) -> Step:
    """The step that the campaign stands at."""
    state, note = _standing(campaign, blocks)
    return Step(step.number, step.title, state, note, step.command if state is StepState.NEXT else "")


def _standing(campaign: Campaign, blocks: Sequence[str]) -> tuple[StepState, str]:
    status, reason = campaign.status, campaign.status_reason or ""
    if status in UNDER_REVIEW:
        return StepState.CURRENT, status.replace("_", " ")
    if status is _S.REJECTED:
        return StepState.BLOCKED, f"rejected: {reason}; {_mending(campaign)}"
    if status is _S.PAUSED:
        return StepState.BLOCKED, f"paused{': ' + reason if reason else ''}; `{to_resume(campaign)}`"
    if status in {_S.STOPPED, _S.CANCELLED, _S.OFFLINE}:
        return StepState.BLOCKED, f"{status}{': ' + reason if reason else ''}"
    if status in {_S.SENDING, _S.SCHEDULED}:
        return StepState.CURRENT, status
    return (StepState.BLOCKED if blocks else StepState.NEXT), _lacks(blocks)


def _mending(campaign: Campaign) -> str:
    if campaign.series is None:
        return f"mend it after `{to_mend(campaign)}`"
    return f"mend it: {to_mend(campaign)}, then campaigns series review {campaign.series}"


def _lacks(blocks: Sequence[str]) -> str:
    return f"it lacks {'; and '.join(blocks)}" if blocks else ""
