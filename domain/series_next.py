"""What's Next of a series: three steps, readable at any time (R39-R41)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from domain.campaign import Campaign, CampaignStatus
from domain.series import ENDED, Series, SeriesStatus
from domain.whats_next import Step, StepState

_C = CampaignStatus
UNDER_REVIEW = frozenset({_C.SYNCING_RECIPIENTS, _C.TO_BE_REVIEWED, _C.IN_REVIEW})
_WRITE, _REVIEW, _START = "Write its messages", "Send them for review", "Start"


def series_next(series: Series, children: Mapping[str, Campaign], lacks: Sequence[str] = ()) -> list[Step]:
    """`lacks` is what keeps a series whose messages are reviewed from being started."""
    review = _review(series, children)
    start = _start(series, lacks)
    if series.status is SeriesStatus.DRAFT and review.state is not StepState.DONE:
        start = Step(3, _START, StepState.LATER)
    if series.status in {*ENDED, SeriesStatus.OFFLINE}:
        return [start]
    return [Step(1, _WRITE, StepState.DONE), review, start]


def in_status(children: Mapping[str, Campaign], statuses: Collection[CampaignStatus]) -> list[str]:
    """The keys of the messages with one of these statuses."""
    return [key for key, child in children.items() if child.status in statuses]


def _review(series: Series, children: Mapping[str, Campaign]) -> Step:
    command = f"campaigns series review {series.id}"
    if rejected := in_status(children, {_C.REJECTED}):
        why = f"campaigns campaign show {children[rejected[0]].id}"
        mend = f"rejected: {', '.join(rejected)}; `{why}` says why; mend it, then `{command}`"
        return Step(2, _REVIEW, StepState.BLOCKED, mend)
    if drafts := in_status(children, {_C.DRAFT}):
        return Step(2, _REVIEW, StepState.NEXT, _of(drafts, series), command)
    if current := in_status(children, UNDER_REVIEW):
        return Step(2, _REVIEW, StepState.CURRENT, f"under way: {', '.join(current)}")
    return Step(2, _REVIEW, StepState.DONE)


def _of(keys: Sequence[str], series: Series) -> str:
    waits = "; until then their people wait" if series.started_at else ""
    return f"{', '.join(keys)}{waits}"


def _start(series: Series, lacks: Sequence[str]) -> Step:
    status, reason = series.status, f": {series.status_reason}" if series.status_reason else ""
    if status is SeriesStatus.RUNNING:
        return Step(3, _START, StepState.CURRENT, "running")
    if status is SeriesStatus.PAUSED:
        return Step(3, _START, StepState.BLOCKED, f"paused{reason}; `campaigns series resume {series.id}`")
    if status is not SeriesStatus.DRAFT:
        return Step(3, _START, StepState.BLOCKED, f"{status}{reason}")
    if lacks:
        return Step(3, _START, StepState.BLOCKED, f"it lacks {'; and '.join(lacks)}")
    return Step(3, _START, StepState.NEXT, command=f"campaigns series start {series.id}")
