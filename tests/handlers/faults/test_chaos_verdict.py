"""The judge of `make chaos`: what it calls lost, twice and in doubt, and which promises it holds a run to."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.chaos.plan import FULL, SHORT, planned
from tests.chaos.record import Line, first_after, longest_silence
from tests.chaos.sink import Verdict as Said
from tests.chaos.verdict import Evidence, judged


def told(*verdicts: tuple[str, Said]) -> list[Line]:
    return [Line(float(at), said, name, f"{name}@example.com") for at, (name, said) in enumerate(verdicts)]


def a_run(**overrides: Any) -> Evidence:
    """Two people, both sent, and nothing left."""
    good: dict[str, Any] = {
        "planned": ["a", "b"], "ledger": {"a": "sent", "b": "sent"},
        "record": told(("a", Said.ACCEPTED), ("b", Said.ACCEPTED)), "messages": {}, "parked": {}, "killed_senders": 0,
        "claim_window": 1, "ended_badly": {}, "campaign_is_sent": True, "books_closed": True,
    }  # fmt: skip
    return Evidence(**{**good, **overrides})


def test_a_run_in_which_everybody_got_one_mail_keeps_every_promise() -> None:
    verdict = judged(a_run())
    assert (verdict.sent, verdict.lost, verdict.twice, verdict.doubts, verdict.broken) == (2, 0, 0, 0, ())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"record": told(("a", Said.ACCEPTED))}, "1 mails are lost"),
        ({"record": told(("a", Said.ACCEPTED), ("b", Said.LOST_UNSAID))}, "1 mails are lost"),
        ({"ledger": {"a": "sent"}, "record": told(("a", Said.ACCEPTED))}, "1 mails are lost"),
        ({"ledger": {"a": "sent", "b": "planned"}, "record": told(("a", Said.ACCEPTED))}, "1 mails are lost"),
        ({"record": told(*[("a", Said.ACCEPTED)] * 2, ("b", Said.ACCEPTED))}, "1 people got the mail twice"),
        ({"record": told(("a", Said.KEPT_UNSAID), ("a", Said.ACCEPTED), ("b", Said.ACCEPTED))}, "1 people got"),
        ({"ledger": {"a": "sent", "b": "failed"}}, "1 mails arrived of which the ledger says neither"),
        ({"ledger": {"a": "sent", "b": "in_doubt"}}, "1 emails are in doubt, 0 may be"),
        ({"messages": {"send-batch": 1}}, "messages are left"),
        ({"parked": {"send-batch": 1}}, "messages were parked"),
        ({"ended_badly": {"send-0": 1}}, "workers ended badly"),
        ({"campaign_is_sent": False}, "the campaign did not come to its end"),
        ({"books_closed": False}, "the books do not balance"),
    ],
)
def test_what_breaks_a_promise_is_told(changes: dict[str, Any], words: str) -> None:
    [broken] = judged(a_run(**changes)).broken
    assert words in broken


def test_doubts_are_allowed_for_kills_and_unsaid_replies_and_told_apart() -> None:
    doubtful = {"ledger": {"a": "in_doubt", "b": "in_doubt"}, "record": told(("a", Said.KEPT_UNSAID))}
    verdict = judged(a_run(**doubtful, killed_senders=1))
    assert (verdict.doubts_arrived, verdict.doubts_not_arrived, verdict.doubts_allowed) == (1, 1, 2)
    assert verdict.broken == ()


def test_a_seed_gives_the_same_faults_again_and_each_kind_as_often_as_wanted() -> None:
    plan = planned(5, 20_000, FULL)
    assert plan == planned(5, 20_000, FULL) != planned(6, 20_000, FULL)
    assert Counter(each.kind for each in plan) == Counter(FULL)
    assert [each.after_mails for each in plan] == sorted(each.after_mails for each in plan)
    assert all(0 < each.after_mails < 3000 for each in planned(5, 3000, SHORT))


def test_recovery_is_counted_from_the_fault_and_silences_from_their_beginning() -> None:
    times = [1.0, 2.0, 7.0, 8.0, 20.0]
    assert first_after(times, 2.5) == 4.5
    assert first_after(times, 20.0) is None
    assert longest_silence(times, 1.5, 3.0) == 5.0, "a silence that began in the period counts to its end"
    assert longest_silence(times, 7.5, 7.9) == 0.5
