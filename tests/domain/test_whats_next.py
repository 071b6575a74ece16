"""What's Next, R39-R41."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.campaign import CampaignStatus, Content, Selection, Sender, hash_of
from domain.module import BUILT_IN
from domain.organisation import Organisation
from domain.readiness import Facts, PickedModule
from domain.selections import Kept
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


# ---- with the facts around it

GREEN = Organisation("Green Ltd", "1 Garden Lane")
LEADS = PickedModule("Leads", BUILT_IN["Leads"], 5, frozenset({"first_name"}), "leads")


def blocked(facts: Facts, **campaign: Any) -> tuple[int, str]:
    """Number and note of the step that is blocked."""
    found = whats_next(a_campaign(**campaign), facts)
    [step] = [step for step in found if step.state not in {StepState.DONE, StepState.LATER}]
    assert (step.state, step.command) == (StepState.BLOCKED, "")
    assert [each.state for each in found] == [StepState.DONE] * (step.number - 1) + [StepState.BLOCKED] + [
        StepState.LATER
    ] * (5 - step.number)
    return step.number, step.note


@pytest.mark.parametrize(
    ("facts", "campaign", "step", "note"),
    [
        (Facts(GREEN), {"sender": Sender("Green", "nobody")}, 1, "--from-address"),
        (Facts(GREEN), {"content": Content("Hi", text="{% if %}")}, 1, "content that compiles"),
        (Facts(GREEN, picked=(replace(LEADS, count=200_001),)), {}, 2, "the limit per module is 200,000"),
        (Facts(GREEN, picked=(replace(LEADS, module=None),)), {}, 2, "module Leads, which is not known"),
        (Facts(GREEN, list_known=False), {}, 3, "campaigns list create news"),
        (Facts(GREEN, topic_known=False), {"topic": "offers"}, 3, "campaigns topic create offers"),
        (Facts(replace(GREEN, gdpr=True)), {}, 3, "--lawful-basis"),
        (Facts(GREEN, picked=(replace(LEADS, filled=frozenset()),)), {}, 4, "--map First_Name=first_name"),
        (Facts(Organisation("Green Ltd")), {}, 4, "CAMPAIGNS_ORGANISATION__POSTAL_ADDRESS"),
    ],
)
def test_what_stands_in_the_way_blocks_its_step_with_what_to_type(
    facts: Facts, campaign: dict[str, Any], step: int, note: str
) -> None:
    number, told = blocked(facts, **campaign)
    assert number == step
    assert note in told


def test_a_draft_with_everything_is_next_to_be_reviewed() -> None:
    step = whats_next(a_campaign(), Facts(GREEN, picked=(LEADS,)))[3]
    assert (step.state, step.command) == (StepState.NEXT, "campaigns campaign review spring")


def test_a_step_that_nobody_took_is_next_whatever_the_facts_are() -> None:
    found = whats_next(a_campaign(**EMPTY), Facts(Organisation(), list_known=False))
    assert [step.state for step in found] == [StepState.NEXT, *[StepState.LATER] * 4]


def test_what_stands_in_the_way_of_later_steps_is_told_at_once() -> None:
    """Company details are mended by others, and take their time."""
    facts = Facts(Organisation("Green Ltd"), list_known=False, picked=(replace(LEADS, filled=frozenset()),))
    notes = [step.note for step in whats_next(a_campaign(recipients=Selection()), facts)]
    assert "campaigns list create news" in notes[2]
    assert "--map First_Name=first_name" in notes[3]
    assert "CAMPAIGNS_ORGANISATION__POSTAL_ADDRESS" in notes[3]
    assert [notes[0], notes[1], notes[4]] == ["", "", ""]


def test_a_message_of_a_series_is_reviewed_and_sent_with_it() -> None:
    found = whats_next(a_campaign(recipients=Selection(), series="welcome"))
    assert [step.command for step in found] == ["", "", "", "campaigns series review welcome", ""]


def reviewed(**overrides: Any) -> dict[str, Any]:
    campaign = a_campaign(status=S.REVIEWED)
    return {"status": S.REVIEWED, "reviewed_hash": hash_of(campaign), **overrides}


@pytest.mark.parametrize(
    ("organisation", "campaign", "note"),
    [
        (Organisation(), {}, "CAMPAIGNS_ORGANISATION__NAME"),
        (GREEN, {"topic": "offers"}, "list and topic changed): campaigns campaign reopen spring"),
        (replace(GREEN, four_eyes=True), {"author": "ann"}, "campaigns campaign approve spring --by NAME"),
    ],
)
def test_what_keeps_a_reviewed_campaign_from_being_sent(
    organisation: Organisation, campaign: dict[str, Any], note: str
) -> None:
    number, told = blocked(Facts(organisation), **reviewed(**campaign))
    assert number == 5
    assert note in told


def test_a_reviewed_campaign_is_sent_when_its_document_says() -> None:
    assert whats_next(a_campaign(**reviewed()), Facts(GREEN))[4].command == "campaigns campaign send spring"
    timed = reviewed(schedule="2026-12-01T09:00")
    assert whats_next(a_campaign(**timed), Facts(GREEN))[4].command == "campaigns campaign schedule spring"


def test_those_whom_a_document_picks_are_recipients() -> None:
    picked: list[Selection] = [
        Selection(filters={"Leads": "City is empty"}),
        Selection(kept=Kept("spring:1:a", {"Leads": 5}, "ff")),
        Selection(list_members=True),
    ]
    assert [states(recipients=each)[1] for each in picked] == ["done"] * 3
