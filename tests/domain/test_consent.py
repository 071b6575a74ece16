"""Every yes and no is kept; the last one counts."""

from __future__ import annotations

from itertools import permutations

from domain.consent import MOST_KEPT, Consent, ConsentTo, Tracking, newest, remembered, tracking
from tests.builders import later

YES = Consent(ConsentTo.MAIL, True, later(1), "form", "box ticked")
NO = Consent(ConsentTo.MAIL, False, later(2), "letter")
SEEN = Consent(ConsentTo.TRACKING, True, later(3), "form")


def test_in_whatever_order_they_are_told_the_same_is_remembered() -> None:
    found = {remembered((), order) for order in permutations((YES, NO, SEEN))}
    assert found == {(YES, NO, SEEN)}


def test_a_consent_told_twice_is_one() -> None:
    known = remembered((), [YES, YES])
    assert known == (YES,)
    assert remembered(known, [YES]) is known


def test_the_last_word_counts() -> None:
    assert newest((YES, NO, SEEN), ConsentTo.MAIL) == NO
    assert newest((YES,), ConsentTo.TRACKING) is None


def test_of_a_yes_and_a_no_at_the_same_moment_the_no_counts() -> None:
    refusal = Consent(ConsentTo.MAIL, False, YES.at, "form")
    assert newest(remembered((), [refusal, YES]), ConsentTo.MAIL) == refusal


def test_tracking_is_yes_no_or_unknown() -> None:
    refusal = Consent(ConsentTo.TRACKING, False, later(4), "preferences")
    assert [tracking(told) for told in ((), (SEEN,), (SEEN, refusal))] == [Tracking.UNKNOWN, Tracking.YES, Tracking.NO]
    assert tracking((YES,)) is Tracking.UNKNOWN, "mail is another question"


def test_a_flood_of_changes_of_mind_keeps_the_newest() -> None:
    flood = [Consent(ConsentTo.TRACKING, bool(n % 2), later(n), "script") for n in range(3 * MOST_KEPT)]
    kept = remembered((), flood)
    assert len(kept) == MOST_KEPT
    assert kept[-1] == flood[-1]
