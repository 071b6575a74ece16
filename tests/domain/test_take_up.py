"""Only what went offline before anything of it was sent can be taken up (R98)."""

from __future__ import annotations

import pytest

from domain.campaign import CampaignStatus
from domain.errors import IllegalTransition
from domain.take_up import UNSENT, check_unsent, is_unsent
from tests.builders import a_campaign

S = CampaignStatus


@pytest.mark.parametrize("was", sorted(set(S) - {S.OFFLINE}))
def test_what_was_never_sent_can_be_taken_up_and_nothing_else(was: S) -> None:
    left = a_campaign(status=was).moved_to(S.OFFLINE)
    assert is_unsent(left) is (was in UNSENT)
    if was not in UNSENT:
        with pytest.raises(IllegalTransition, match=f"was {was} when it went offline"):
            check_unsent(left)


def test_a_campaign_of_which_nobody_knows_what_it_was_may_have_been_sent() -> None:
    assert not is_unsent(a_campaign(status=S.OFFLINE))


def test_a_live_campaign_is_not_taken_up() -> None:
    with pytest.raises(IllegalTransition, match="only one that is offline is taken up"):
        check_unsent(a_campaign())
