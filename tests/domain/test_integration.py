"""Leaving the CRM and coming back: what follows what, and how it is confirmed (R96-R101)."""

from __future__ import annotations

import pytest

from domain.errors import Busy, IllegalTransition, NotConfirmed, NotReady
from domain.integration import NEXT, Integration, IntegrationChange, IntegrationState, check_confirmation
from tests.builders import NOW, later

C, S = IntegrationChange, IntegrationState


def changed(known: Integration, change: C, request: str = "r2", seconds: float = 60) -> Integration:
    return known.changed(change, by="Ann", request=request, at=later(seconds))


def left(state: S, *, finished: bool = True) -> Integration:
    end = NOW if finished else None
    return Integration(state, NOW, "Ann", "r1", left_at=NOW, detached_at=end, finished_at=end, answered=("r1",))


@pytest.mark.parametrize(
    ("state", "change", "after"),
    [
        (S.ACTIVE, C.DEACTIVATE, S.DEACTIVATED),
        (S.ACTIVE, C.DISABLE, S.DISABLED),
        (S.DEACTIVATED, C.DISABLE, S.DISABLED),
        (S.DEACTIVATED, C.ACTIVATE, S.ACTIVE),
        (S.DISABLED, C.ACTIVATE, S.ACTIVE),
    ],
)
def test_every_way_of_the_table_can_be_gone(state: S, change: C, after: S) -> None:
    assert after in NEXT[state]
    known = Integration() if state is S.ACTIVE else left(state)
    assert changed(known, change).state is after


def test_what_is_disabled_cannot_be_deactivated() -> None:
    with pytest.raises(IllegalTransition, match=r"is disabled and cannot become deactivated.*it can become: active"):
        changed(left(S.DISABLED), C.DEACTIVATE)


@pytest.mark.parametrize("change", list(C))
def test_what_is_so_already_stays_as_it_is_and_knows_the_request(change: C) -> None:
    known = Integration() if change is C.ACTIVATE else left(change.leads_to)
    after = changed(known, change)
    assert (after.at, after.by, after.finished_at) == (known.at, known.by, known.finished_at)
    assert after.answered == (*known.answered, "r2")


def test_leaving_takes_campaigns_along_and_is_not_over_at_once() -> None:
    after = changed(Integration(), C.DISABLE)
    assert (after.left_at, after.detaching, after.finished) == (later(60), True, False)


def test_disabling_what_was_deactivated_takes_no_campaign_along_that_was_made_since() -> None:
    after = changed(left(S.DEACTIVATED), C.DISABLE)
    assert (after.left_at, after.detached_at, after.finished) == (NOW, NOW, False)


def test_nobody_comes_back_before_leaving_is_over() -> None:
    with pytest.raises(Busy, match="still being disabled"):
        changed(left(S.DISABLED, finished=False), C.ACTIVATE)


def test_coming_back_starts_clean() -> None:
    after = changed(left(S.DISABLED), C.ACTIVATE)
    assert (after.active, after.finished, after.left_at, after.detached_at) == (True, True, None, None)


def test_only_so_many_requests_are_remembered() -> None:
    known = Integration()
    for number in range(60):
        known = changed(known, C.ACTIVATE, request=str(number))
    assert (len(known.answered), known.answered[-1]) == (50, "59")


@pytest.mark.parametrize("text", ["Green Ltd", "  Green   Ltd "])
def test_the_name_confirms_whatever_the_blanks(text: str) -> None:
    check_confirmation(C.DISABLE, text, "Green Ltd")


@pytest.mark.parametrize("text", ["", "green ltd", "Green", "yes"])
def test_any_other_text_is_refused_with_what_to_type(text: str) -> None:
    with pytest.raises(NotConfirmed, match="to deactivate the integration, type the organisation's name: Green Ltd"):
        check_confirmation(C.DEACTIVATE, text, "Green Ltd")


def test_without_a_name_nobody_can_confirm() -> None:
    with pytest.raises(NotReady, match="CAMPAIGNS_ORGANISATION__NAME"):
        check_confirmation(C.DISABLE, "", "")


def test_coming_back_needs_no_confirmation() -> None:
    check_confirmation(C.ACTIVATE, "", "Green Ltd")
