"""What's Next, R39-R41."""

from __future__ import annotations

from typing import Any

import pytest

from domain.campaign import CampaignStatus, Content, Selection
from domain.whats_next import StepState, whats_next
from tests.builders import a_campaign

S = CampaignStatus
EMPTY: dict[str, Any] = {"content": Content("Hello"), "recipients": Selection(), "list_id": None}
FILLED: list[dict[str, Any]] = [
    {"content": a_campaign().content},
    {"recipients": Selection(("Leads",))},
    {"list_id": "n"},
]


def states(**campaign: Any) -> list[str]:
    return [step.state.value for step in whats_next(a_campaign(**campaign))]


def test_the_five_steps_have_the_titles_of_the_reference_page() -> None:
    titles = [step.title for step in whats_next(a_campaign())]
    assert titles == [
        "Choose a template", "Add recipients", "Associate list and topic", "Send for review", "Send",
    ]  # fmt: skip


@pytest.mark.parametrize("filled", range(4))
def test_the_first_step_that_is_open_is_next_with_what_to_type(filled: int) -> None:
    campaign: dict[str, Any] = dict(EMPTY)
    for part in FILLED[:filled]:
        campaign |= part
    steps = whats_next(a_campaign(**campaign))
    assert [step.state for step in steps] == [
        *[StepState.DONE] * filled,
        StepState.NEXT,
        *[StepState.LATER] * (4 - filled),
    ]
    assert steps[filled].command.startswith("campaigns campaign ")
    assert not any(step.command for step in steps if step.state is not StepState.NEXT)


def test_the_members_of_the_list_are_recipients_too() -> None:
    assert states(recipients=Selection(), include_existing_members=True)[1] == "done"


@pytest.mark.parametrize(
    ("status", "step", "state", "note"),
    [
        (S.SYNCING_RECIPIENTS, 4, "current", "syncing recipients"),
        (S.TO_BE_REVIEWED, 4, "current", "to be reviewed"),
        (S.IN_REVIEW, 4, "current", "in review"),
        (S.REJECTED, 4, "blocked", "campaigns campaign reopen spring"),
        (S.REVIEWED, 5, "next", ""),
        (S.SCHEDULED, 5, "current", "scheduled"),
        (S.SENDING, 5, "current", "sending"),
        (S.PAUSED, 5, "blocked", "campaigns campaign resume spring"),
        (S.STOPPED, 5, "blocked", "stopped: why"),
        (S.CANCELLED, 4, "blocked", "cancelled: why"),
        (S.OFFLINE, 4, "blocked", "offline: why"),
    ],
)
def test_every_status_stands_at_one_step(status: CampaignStatus, step: int, state: str, note: str) -> None:
    found = whats_next(a_campaign(status=status, status_reason="why"))[step - 1]
    assert found.state == state
    assert note in found.note


@pytest.mark.parametrize("status", list(S))
def test_at_most_one_step_is_not_done_or_later(status: CampaignStatus) -> None:
    found = [state for state in states(status=status) if state not in {"done", "later"}]
    assert len(found) == (status is not S.SENT)


def test_all_is_done_when_it_is_sent() -> None:
    assert states(status=S.SENT) == ["done"] * 5
