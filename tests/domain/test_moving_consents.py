"""Consents go with a person to a new address (D3); a refusal goes in any case."""

from __future__ import annotations

from domain.consent import Consent, ConsentTo, Tracking
from domain.projection import moved, refused_alike
from tests.builders import a_contact, a_member, later

AGREED = Consent(ConsentTo.MAIL, True, later(1), "form", "box ticked")
UNTRACKED = Consent(ConsentTo.TRACKING, False, later(2), "preferences")
OLD = a_member("ann@old.example", consents=(AGREED, UNTRACKED))


def test_a_no_to_tracking_holds_at_the_new_address() -> None:
    tracked = Consent(ConsentTo.TRACKING, True, later(0), "form")
    after = refused_alike(OLD, a_contact("ann@new.example", consents=(tracked,)), None)
    assert (after.tracking, after.consents) == (Tracking.NO, (tracked, UNTRACKED))


def test_what_was_agreed_to_goes_with_the_lists() -> None:
    after = moved(OLD, refused_alike(OLD, a_contact("ann@new.example"), None), "Leads:1")
    assert after.consents == (AGREED, UNTRACKED)


def test_moving_again_changes_nothing() -> None:
    once = moved(OLD, refused_alike(OLD, a_contact("ann@new.example"), None), "Leads:1")
    assert moved(OLD, refused_alike(OLD, once, None), "Leads:1") == once
