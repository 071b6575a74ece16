"""Numbers of the feed, and what is news."""

from __future__ import annotations

from dataclasses import replace

from domain.email import EmailState
from domain.feed import CampaignMove, Entry, MarkedCampaign, MarkedEmail, Told, numbered, telling
from tests.builders import NOW, an_email, later


def an_entry(id_: str, stream: str = "contacts") -> Entry:
    return Entry(id_, stream, "contact-replied", NOW, {})


def test_each_stream_goes_on_from_its_own_head() -> None:
    entries = [an_entry("a"), an_entry("b", "syncs"), an_entry("c"), an_entry("d", "syncs")]
    found = numbered(entries, {"contacts": 7, "syncs": 0})
    assert [(entry.id, entry.number) for entry in found] == [("a", 8), ("b", 1), ("c", 9), ("d", 2)]


def test_the_status_that_a_campaign_gives_is_no_news_until_another_was_told() -> None:
    planned = MarkedEmail(an_email(), "m")
    assert telling(planned, "Invited") == Told()
    sent = replace(planned, email=an_email(state=EmailState.SENT))
    assert telling(sent, "Invited") == Told("Sent", count=1)
    assert telling(replace(planned, told=Told("Sent", count=1)), "Invited") == Told("Invited", count=2)


def test_of_the_writes_of_a_campaign_those_are_news_that_moved_it() -> None:
    moves = [CampaignMove("c", n, status, later(n // 2)) for n, status in enumerate(["draft", "draft", "sent", "sent"])]
    assert MarkedCampaign(moves).news() == [moves[0], moves[2]]
    assert MarkedCampaign(moves[1:], told=moves[0]).news() == [moves[2]]
