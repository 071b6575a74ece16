"""Whoever has to do with a message of a series is sent to commands that work for it, wherever they are advised."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from cli import campaign as campaign_commands
from cli import campaign_moves, campaign_requests, context, explanation, lookup, series
from cli.campaign_schedule import schedule
from cli.explanation import Explanation
from cli.offline import note
from cli.standing import Standing, notes
from domain.approval import approval_missing, approved
from domain.breakers import Counts, Rule, Trip
from domain.campaign import Campaign, CampaignStatus, Content, Selection, Sender, hash_of
from domain.classification.reasons import Reason
from domain.dkim_key import RELAY_SIGNS
from domain.email import DoubtReason, EmailState, SkipReason
from domain.errors import CampaignsError, UnknownCampaign, UnknownSeries
from domain.organisation import Organisation
from domain.predesigned import predesigned_templates
from domain.preview import Reader, preview
from domain.readiness import Facts, missing
from domain.review_rules import RULES
from domain.series import SeriesStatus
from domain.series_child import paused_with
from domain.series_fixes import FIXES, with_fixes
from domain.what_to_type import Wish, in_series, is_for_series
from domain.whats_next import whats_next
from handlers.review_requested import check_joins
from tests.builders import NOW, a_campaign, a_contact, an_email
from tests.cli.test_views import drawn
from tests.handlers.reviewing import GREEN, KEYS, House
from tests.handlers.series_desk import SeriesDesk, document

S = CampaignStatus
CHILD = a_campaign("welcome-hello", series="welcome", recipients=Selection(), author="Ann")
#: What works for a message, whatever it is.
WORK = frozenset(
    {"show", "list", "export", "preview", "test", "dry-run", "review", "approve", "remainder"}
    | {"summary", "activity", "report"}
)
#: What works as long as it has this status.
AT_TIMES = {
    "reopen": {S.DRAFT, S.REVIEWED, S.REJECTED},
    "pause": {S.SENDING, S.PAUSED},
    "resume": {S.SENDING, S.PAUSED},
    "unschedule": {S.SCHEDULED},  # none ever is
}
#: Refused always, or good for nothing: a message has no time of its own, and its document is the series'.
REFUSED = frozenset({"create", "edit", "apply", "send", "schedule", "stop", "cancel", "take-up"})
FOUR_EYES = replace(GREEN, four_eyes=True)


def commands(app: typer.Typer) -> set[str]:
    found: Any = typer.main.get_command(app)
    return set(found.commands)


SERIES_COMMANDS = commands(series.app)


def told(work: Callable[[], object]) -> str:
    """What it is refused with."""
    with pytest.raises(CampaignsError) as caught:
        work()
    return str(caught.value)


def check_possible(text: str, status: CampaignStatus) -> None:
    """Every command that a text about a message with this status names can be typed."""
    words = " ".join(text.split())
    for name in re.findall(r"\bcampaign (?:dry-run|take-up|[a-z]+)", words):
        command = name.removeprefix("campaign ")
        assert command not in REFUSED, words
        assert status in AT_TIMES.get(command, {status}), words
    assert SERIES_COMMANDS.issuperset(re.findall(r"campaigns series ([a-z]+)", words)), words
    assert not re.search(r"--include-existing|reopen the campaign|new campaign|create another", words), words


def test_every_command_of_campaigns_is_known_to_work_for_messages_or_not() -> None:
    assert commands(campaign_commands.app) == WORK | REFUSED | AT_TIMES.keys()


def test_a_text_that_names_what_is_refused_is_found() -> None:
    for text in ("`campaigns campaign edit X`", "`campaigns campaign resume X`", "Reopen it: a new campaign"):
        with pytest.raises(AssertionError):
            check_possible(text, S.DRAFT)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_finding_is_mended_with_what_works(rule: str) -> None:
    [found] = with_fixes(CHILD, [RULES[rule].finding("something is wrong")])
    check_possible(found.fix, S.REVIEWED)
    assert with_fixes(a_campaign(), [RULES[rule].finding("x")])[0].fix == RULES[rule].fix


async def test_a_review_says_of_sample_text_where_it_is_changed() -> None:
    template = predesigned_templates()["newsletter"]
    source = template.source({})
    content = Content("Hello", html=source.html, text=source.text, template="newsletter")
    found = (await House().checks(replace(CHILD, content=content))).findings
    assert {each.rule for each in found} >= {"sample-text"}
    for each in found:
        check_possible(each.fix, S.REVIEWED)
    assert all("series export welcome" in each.fix for each in found if each.rule == "sample-text")


def lacks() -> Iterator[tuple[Campaign, Facts]]:
    """Messages that lack whatever a campaign can lack."""
    poor = replace(CHILD, list_id=None, sender=Sender("", "nobody", "nobody"), content=Content(" "))
    yield poor, Facts(Organisation("", "", gdpr=True), topic_known=False)
    yield replace(CHILD, content=Content("Hello", html="{% for x in %}")), Facts(GREEN, list_known=False)


@pytest.mark.parametrize("status", S)
def test_whats_next_names_what_works(status: CampaignStatus) -> None:
    changed = replace(CHILD, reviewed_hash=hash_of(replace(CHILD, topic="other")))
    for each, facts in [*lacks(), (changed, Facts(FOUR_EYES)), (CHILD, Facts(FOUR_EYES))]:
        for reason in (None, "breaker", paused_with("welcome")):
            steps = whats_next(replace(each, status=status, status_reason=reason), facts)
            check_possible(" ".join(f"{step.note} {step.command}" for step in steps), status)


def test_what_a_message_lacks_is_mended_in_its_series() -> None:
    for each, facts in lacks():
        found = missing(each, facts)
        assert "series export welcome" in " ".join(found)
        check_possible(" ".join(found), S.DRAFT)


def test_a_message_that_was_paused_with_its_series_goes_on_with_it() -> None:
    paused = replace(CHILD, status=S.PAUSED, status_reason=paused_with("welcome"))
    assert "campaigns series resume welcome" in " ".join(step.note for step in whats_next(paused))
    by_itself = whats_next(replace(paused, status_reason="9 complaints"))
    assert "campaigns campaign resume welcome-hello" in " ".join(step.note for step in by_itself)


@pytest.mark.parametrize("status", S)
def test_a_review_that_is_refused_names_what_works(status: CampaignStatus) -> None:
    child, house = replace(CHILD, status=status), House(Organisation("", "", gdpr=True))
    text = told(lambda: asyncio.run(house.reviewer.start.check(child, include_existing_members=False)))
    check_possible(text, status)
    check_possible(told(lambda: check_joins(child, include_existing_members=True)), status)


def test_what_keeps_a_reviewed_message_from_being_sent_names_what_works() -> None:
    desk, reviewed = SeriesDesk(FOUR_EYES), replace(CHILD, status=S.REVIEWED, reviewed_hash=hash_of(CHILD))
    refusals = [replace(reviewed, reviewed_hash=None), replace(reviewed, reviewed_hash="0"), reviewed]
    for each in refusals:
        check_possible(told(lambda each=each: desk.moves.sendable(each)), S.REVIEWED)  # type: ignore[misc]


def test_an_approval_that_is_refused_names_what_works() -> None:
    reviewed = replace(CHILD, status=S.REVIEWED, reviewed_hash="x", author=None)
    text = told(lambda: approved(reviewed, "Bob", NOW))
    assert "series apply FILE --author NAME" in text
    check_possible(f"{text} {approval_missing(reviewed, FOUR_EYES)}", S.REVIEWED)
    check_possible(told(lambda: approved(CHILD, "Bob", NOW)), S.DRAFT)


def test_an_empty_message_is_filled_in_its_series() -> None:
    empty = replace(CHILD, content=Content("Hello"))
    text = told(lambda: preview(empty, Reader("a@example.com", {}), GREEN, KEYS, RELAY_SIGNS, NOW))
    assert "series export welcome" in text
    check_possible(text, S.DRAFT)


@pytest.mark.parametrize("rule", Rule)
@pytest.mark.parametrize("status", [S.SENDING, S.PAUSED, S.CANCELLED])
def test_what_a_breaker_stopped_goes_on_with_what_works(rule: Rule, status: CampaignStatus) -> None:
    child = replace(CHILD, status=status, status_at=NOW, trip=Trip(2, rule, NOW, Counts(tried=9)))
    text = " ".join(drawn(each, 300) for each in notes(child, Standing()))
    assert text
    check_possible(text, status)


def test_a_message_that_is_offline_is_taken_up_in_another_series() -> None:
    text = note(replace(CHILD, status=S.OFFLINE, left_as=S.DRAFT))
    assert "series export welcome" in text
    check_possible(text, S.OFFLINE)


ENDS = [
    *((EmailState.SKIPPED, reason) for reason in SkipReason),
    *((EmailState.FAILED, reason) for reason in Reason),
    *((EmailState.IN_DOUBT, reason) for reason in DoubtReason),
]


@pytest.mark.parametrize(("state", "reason"), ENDS)
def test_whatever_became_of_an_email_its_advice_works(state: EmailState, reason: str) -> None:
    row = an_email(campaign_id=CHILD.id, state=state, reason=reason)
    found = Explanation(CHILD, [row], [], a_contact(), frozenset())
    text = drawn(explanation.shown(found), 500)
    assert "what to do" in text
    check_possible(text, S.SENDING)


def test_the_fixes_are_of_codes_that_there_are() -> None:
    codes = {"finding": set(RULES), "skip": set(SkipReason), "failure": set(Reason)}
    assert [key for key in FIXES if key[1] not in codes[key[0]]] == []


SERIES = document().to_series()
INSTEAD = {
    (Wish.SEND, SeriesStatus.DRAFT): "start",
    (Wish.SEND, SeriesStatus.PAUSED): "resume",
    (Wish.PAUSE, SeriesStatus.RUNNING): "pause",
    (Wish.RESUME, SeriesStatus.PAUSED): "resume",
    (Wish.END, SeriesStatus.DRAFT): "cancel",
    (Wish.END, SeriesStatus.RUNNING): "stop",
    (Wish.END, SeriesStatus.PAUSED): "stop",
}


@pytest.mark.parametrize("status", SeriesStatus)
@pytest.mark.parametrize("wish", [Wish.SEND, Wish.PAUSE, Wish.RESUME, Wish.END])
def test_what_is_refused_names_the_command_that_its_series_takes_now(wish: Wish, status: SeriesStatus) -> None:
    text = in_series(wish, CHILD, replace(SERIES, status=status))
    assert f"campaigns series {INSTEAD.get((wish, status), 'show')} welcome" in text
    check_possible(text, S.DRAFT)


def test_a_message_whose_series_is_not_stored_yet_waits_for_its_document() -> None:
    assert "campaigns series apply FILE" in in_series(Wish.END, CHILD, None)


@pytest.mark.parametrize(
    ("wish", "status", "of_series", "for_series"),
    [
        (Wish.PAUSE, S.SENDING, SeriesStatus.RUNNING, False),
        (Wish.PAUSE, S.DRAFT, SeriesStatus.RUNNING, True),
        (Wish.RESUME, S.PAUSED, SeriesStatus.RUNNING, False),
        (Wish.RESUME, S.PAUSED, SeriesStatus.PAUSED, True),
        (Wish.RESUME, S.DRAFT, SeriesStatus.RUNNING, True),
        (Wish.REOPEN, S.REVIEWED, SeriesStatus.DRAFT, False),
        (Wish.REOPEN, S.SENDING, SeriesStatus.RUNNING, True),
        (Wish.END, S.SENDING, SeriesStatus.RUNNING, True),
    ],
)
def test_a_message_is_paused_and_reopened_by_itself_and_ended_never(
    wish: Wish, status: CampaignStatus, of_series: SeriesStatus, for_series: bool
) -> None:
    assert is_for_series(wish, replace(CHILD, status=status), replace(SERIES, status=of_series)) is for_series


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> SeriesDesk:
    """A series whose messages are drafts."""
    desk = SeriesDesk()
    asyncio.run(desk.save(document()))
    monkeypatch.setattr(context, "settings", lambda: None)
    monkeypatch.setattr(context, "stored", lambda _, work: asyncio.run(work(stores_of(desk))))
    return desk


def stores_of(desk: SeriesDesk) -> Any:
    return SimpleNamespace(series=desk.series, campaigns=desk.campaigns, emails=desk.emails, slices=desk.slices)


@pytest.mark.parametrize(
    ("command", "of_draft", "of_running"),
    [
        (campaign_moves.pause, "show", None),
        (campaign_moves.stop, "cancel", "stop"),
        (campaign_moves.cancel, "cancel", "stop"),
        (campaign_requests.send, "start", "show"),
        (schedule, "start", "show"),
    ],
)
def test_each_command_of_campaigns_names_the_one_of_series(
    desk: SeriesDesk, command: Callable[..., object], of_draft: str, of_running: str | None
) -> None:
    assert f"campaigns series {of_draft} welcome" in told(lambda: command("welcome-hello"))
    asyncio.run(desk.started())
    if of_running is not None:
        assert f"campaigns series {of_running} welcome" in told(lambda: command("welcome-hello"))


def test_a_message_that_is_sent_is_paused_by_itself(desk: SeriesDesk) -> None:
    asyncio.run(desk.started())
    campaign_moves.pause("welcome-hello", as_json=True)
    assert desk.child("hello").status is S.PAUSED
    assert "series export welcome" in told(lambda: campaign_moves.reopen("welcome-hello"))


def test_of_a_paused_series_no_message_is_resumed_by_itself(desk: SeriesDesk) -> None:
    asyncio.run(desk.started())
    asyncio.run(desk.moves.pause("welcome", "for a while"))
    assert "campaigns series resume welcome" in told(lambda: campaign_moves.resume("welcome-hello"))
    assert desk.child("hello").status is S.PAUSED


def test_who_takes_a_series_for_a_campaign_is_told_of_its_messages(desk: SeriesDesk) -> None:
    stores = stores_of(desk)
    with pytest.raises(UnknownCampaign, match=r"campaigns series show welcome.*welcome-hello, welcome-tips"):
        asyncio.run(lookup.campaign(stores, "welcome"))
    with pytest.raises(UnknownSeries, match=r"message of series welcome: campaigns series show welcome"):
        asyncio.run(lookup.series(stores, "welcome-hello"))


def test_of_many_messages_the_first_are_named(desk: SeriesDesk) -> None:
    steps = tuple(replace(SERIES.steps[0], campaign_id=f"many-{number}") for number in range(50))
    desk.series.stored["many"] = replace(SERIES, id="many", steps=steps)
    with pytest.raises(UnknownCampaign, match=r"many-7 and 42 more$"):
        asyncio.run(lookup.campaign(stores_of(desk), "many"))
