"""Delivery events: whatever their order and however often they come, the ledger ends the same."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.campaign import CampaignStatus
from domain.contact import OptOut
from domain.eligibility import SuppressionReason
from domain.email import NO_CONTACT, Email, EmailState, ServiceStatus, email_id
from domain.erasure import GONE, event_key
from domain.errors import Conflict, UnknownEmail
from domain.lists import Suppression
from domain.ruling import NO_EVIDENCE
from handlers.delivery_event import DeliveryRecorder
from handlers.strike_book import StrikeBook
from messages.delivery_event import DeliveryEvent, EventType, Evidence
from tests.builders import ADDRESS_KEY, NOW, a_campaign, a_contact, a_suppression, an_email, an_id, emails, later
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.contacts import MemoryContacts
from tests.fakes.emails import MemoryEmails
from tests.fakes.events import MemoryEvents
from tests.fakes.strikes import MemoryStrikes
from tests.fakes.suppressions import MemorySuppressions

DEAD = Evidence(code=550, enhanced="5.1.1", text="no such user")
S_HARD = EmailState.HARD_BOUNCED
FULL = Evidence(code=552, enhanced="5.2.2", text="mailbox full")


@dataclass
class World:
    emails: MemoryEmails = field(default_factory=lambda: MemoryEmails(an_email(state=EmailState.SENT)))
    contacts: MemoryContacts = field(default_factory=lambda: MemoryContacts(a_contact()))
    events: MemoryEvents = field(default_factory=MemoryEvents)
    strikes: MemoryStrikes = field(default_factory=MemoryStrikes)
    suppressions: MemorySuppressions = field(default_factory=MemorySuppressions)
    campaigns: MemoryCampaigns = field(default_factory=lambda: MemoryCampaigns(a_campaign(status=CampaignStatus.SENT)))

    async def told(self, *events: DeliveryEvent) -> None:
        recorder = DeliveryRecorder(
            self.emails,
            self.events,
            self.suppressions,
            self.contacts,
            StrikeBook(self.strikes, self.emails),
            ADDRESS_KEY,
            self.campaigns,
        )
        assert await recorder(events) == []

    @property
    def row(self) -> Email:
        return self.emails.stored[an_email().id]

    @property
    def suppressed(self) -> set[SuppressionReason]:
        return {reason for _, reason in self.suppressions.stored}


def event(kind: str, at_s: float = 0, **overrides: Any) -> DeliveryEvent:
    named = {"email_id", "message_id", "campaign_id"} & overrides.keys()
    email = {} if named else {"email_id": an_email().id}
    fields = {"event_id": f"{kind}-{at_s}", "event": kind, "occurred_at": later(at_s), **email, **overrides}
    return DeliveryEvent.model_validate(fields)


async def test_each_event_leaves_its_first_time_and_the_furthest_status() -> None:
    world = World()
    await world.told(event("opened", 50), event("opened", 20), event("clicked", 60), event("delivered", 10))
    assert world.row.service is ServiceStatus.CLICKED
    assert world.row.times == {"opened": later(20), "clicked": later(60), "delivered": later(10)}
    assert world.row.state is EmailState.SENT


async def test_what_is_told_of_test_mails_and_previews_changes_nothing() -> None:
    """R69: a test mail bounces, is opened, or somebody tries its unsubscribe link."""
    world = World()
    nobody = f"{NO_CONTACT}{'ab' * 8}"
    told = [
        event(kind, email_id=email_id("spring", nobody)) for kind in ("bounced", "opened", "unsubscribed", "complained")
    ]
    await world.told(*told, event("clicked", email_id=email_id("spring", "0" * 32)), event("opened", 20))
    assert world.row.times == {"opened": later(20)}
    assert (world.suppressed, len(world.events.stored)) == (set(), 1)


async def test_a_repeated_window_changes_nothing() -> None:
    world = World()
    window = [
        event("opened", 20),
        event("unsubscribed", 30),
        event("complained", 40),
        event("bounced", 50, evidence=DEAD),
    ]
    await world.told(*window)
    before = (dict(world.emails.stored), dict(world.contacts.stored), dict(world.suppressions.stored))
    await world.told(*window)
    await world.told(*window, *window)
    assert (world.emails.stored, world.contacts.stored, world.suppressions.stored) == before
    assert len(world.events.stored) == 4


async def test_a_repeat_does_what_follows_from_an_event_that_is_stored_and_leaves_its_row() -> None:
    """A worker was killed after it had stored the event; the row was written before, and may have moved on."""
    world = World()
    await world.told(event("bounced", 50, evidence=DEAD))
    world.suppressions = MemorySuppressions()
    rejudged = world.emails.stored[an_email().id] = replace(world.row, bounced=EmailState.SOFT_BOUNCED)
    await world.told(event("bounced", 50, evidence=DEAD))
    assert world.suppressed == {SuppressionReason.HARD_BOUNCED}
    assert world.row == rejudged


class Watching(MemorySuppressions):
    """Notes which events were stored when somebody was suppressed."""

    def __init__(self, events: MemoryEvents) -> None:
        super().__init__()
        self.events = events
        self.known: list[set[str]] = []

    async def add(self, suppressions: Sequence[Suppression]) -> None:
        self.known.append(set(self.events.stored))
        await super().add(suppressions)


async def test_an_event_is_stored_before_its_address_is_suppressed() -> None:
    """Who takes the suppression back at this moment finds what speaks against it."""
    world = World()
    world.suppressions = watching = Watching(world.events)
    await world.told(event("bounced", 50, evidence=DEAD))
    assert watching.known == [{"bounced-50"}]
    assert world.suppressed == {SuppressionReason.HARD_BOUNCED}


@pytest.mark.parametrize("named", ["email_id", "message_id", "address"])
async def test_an_email_is_found_by_each_of_its_names(named: str) -> None:
    email = an_email()
    names = {
        "email_id": {"email_id": email.id},
        "message_id": {"message_id": f"<{email.message_id}>"},
        "address": {"campaign_id": "spring", "address": " Ann@Example.COM "},
    }
    world = World()
    await world.told(event("opened", 0, **names[named]))
    assert world.row.service is ServiceStatus.OPENED


@pytest.mark.parametrize(
    "name",
    [
        {"email_id": "winter:nobody:0"},
        {"email_id": "no id at all"},
        {"message_id": "<123@mail.other.example>"},
        {"campaign_id": "spring", "address": "stranger@example.com"},
        {"campaign_id": "spring", "address": "no address"},
    ],
)
async def test_an_email_that_is_in_no_ledger_is_refused_and_leaves_no_trace(name: dict[str, str]) -> None:
    world = World()
    with pytest.raises(UnknownEmail):
        await world.told(event("unsubscribed", 0, **name))
    assert (world.suppressed, world.events.stored) == (set(), {})


# ---- what they prove


@pytest.mark.parametrize("kind", ["accepted", "delivered", "opened", "clicked", "replied", "complained", "unsubscribed", "autoreply"])  # fmt: skip # noqa: E501
async def test_a_sign_from_the_other_side_proves_that_an_email_in_doubt_was_sent(kind: str) -> None:
    world = World(MemoryEmails(an_email(state=EmailState.IN_DOUBT)))
    await world.told(event(kind))
    assert world.row.state is EmailState.SENT


@pytest.mark.parametrize(
    ("evidence", "state", "reason"),
    [
        (DEAD, EmailState.HARD_BOUNCED, "user_unknown"),
        (Evidence(code=550, text="5.7.1 blocked using a block list"), EmailState.HARD_BOUNCED, "blocked"),
        (FULL, EmailState.SOFT_BOUNCED, "mailbox_full"),
        (Evidence(code=450, text="4.1.1 no such user"), EmailState.SOFT_BOUNCED, "user_unknown"),
        (None, EmailState.SOFT_BOUNCED, None),
        # ours: not delivered, and reachable by "remainder" (D13)
        (Evidence(code=550, text="5.7.1 looks like spam"), EmailState.FAILED, "spam_content"),
        (Evidence(code=550, text="5.7.26 DMARC"), EmailState.FAILED, "auth_failure"),
        (Evidence(code=552, text="5.3.4 message too big"), EmailState.FAILED, "message_too_big"),
    ],
)
async def test_a_bounce_settles_an_email_in_doubt_by_its_evidence(
    evidence: Evidence | None, state: EmailState, reason: str | None
) -> None:
    world = World(MemoryEmails(an_email(state=EmailState.IN_DOUBT, reason="worker_died")))
    await world.told(event("bounced", evidence=evidence))
    assert (world.row.state, world.row.reason) == (state, reason)


@pytest.mark.parametrize("name", ["email_id", "message_id", "address"])
async def test_a_bounce_settles_whichever_way_it_names_the_email(name: str) -> None:
    row = an_email(state=EmailState.IN_DOUBT)
    names = {
        "email_id": {"email_id": row.id},
        "message_id": {"message_id": f"<{row.message_id}>"},
        "address": {"campaign_id": "spring", "address": row.address},
    }
    world = World(MemoryEmails(row))
    await world.told(event("bounced", evidence=DEAD, **names[name]))
    assert world.row.state is EmailState.HARD_BOUNCED


async def test_a_deferral_report_is_kept_and_proves_nothing() -> None:
    world = World(MemoryEmails(an_email(state=EmailState.IN_DOUBT)))
    await world.told(event("deferred", evidence=Evidence(code=451)))
    assert world.row.state is EmailState.IN_DOUBT
    assert len(world.events.stored) == 1


async def test_an_event_that_comes_before_the_outcome_does_not_block_it() -> None:
    world = World(MemoryEmails(an_email(state=EmailState.PLANNED)))
    await world.told(event("opened"))
    assert (world.row.state, world.row.service) == (EmailState.PLANNED, ServiceStatus.OPENED)


# ---- who is never mailed again


@pytest.mark.parametrize(
    ("told", "reasons"),
    [
        (event("unsubscribed"), {SuppressionReason.UNSUBSCRIBED}),
        (event("complained"), {SuppressionReason.COMPLAINED}),
        (event("bounced", evidence=DEAD), {SuppressionReason.HARD_BOUNCED}),
        (event("bounced", evidence=Evidence(enhanced="5.1.1")), {SuppressionReason.HARD_BOUNCED}),
        # not dead: full, blocked, a bare code, nothing known (D13)
        (event("bounced", evidence=FULL), set()),
        (event("bounced", evidence=Evidence(code=550, text="5.7.1 blocked using a block list")), set()),
        (event("bounced", evidence=Evidence(code=550)), set()),
        (event("bounced"), set()),
        (event("autoreply"), set()),
        (event("opened"), set()),
    ],
)
async def test_only_the_owners_word_or_proof_of_death_suppresses(
    told: DeliveryEvent, reasons: set[SuppressionReason]
) -> None:
    world = World()
    await world.told(told)
    assert world.suppressed == reasons
    assert all(contact == an_id("ann@example.com") for contact, _ in world.suppressions.stored)


async def test_who_unsubscribes_is_opted_out_with_the_time_of_the_first_word() -> None:
    world = World()
    await world.told(event("unsubscribed", 20))
    await world.told(event("unsubscribed", 10), event("unsubscribed", 30))
    assert world.contacts.stored[an_id("ann@example.com")].opt_out == OptOut(later(10), "unsubscribe:spring")


async def test_an_unsubscribe_of_an_erased_person_is_still_kept_as_a_suppression() -> None:
    world = World(contacts=MemoryContacts())
    await world.told(event("unsubscribed"))
    assert world.suppressed == {SuppressionReason.UNSUBSCRIBED}


async def test_a_contact_that_changes_meanwhile_is_read_again_and_a_restless_one_is_a_conflict() -> None:
    world = World()
    save, rivals = world.contacts.save, iter([True, False])

    async def raced(contacts):  # type: ignore[no-untyped-def]
        return frozenset(contact.id for contact in contacts) if next(rivals) else await save(contacts)

    world.contacts.save = raced  # type: ignore[method-assign]
    await world.told(event("unsubscribed"))
    assert world.contacts.stored[an_id("ann@example.com")].opt_out is not None
    rivals = iter([True] * 9)
    with pytest.raises(Conflict):
        await world.told(event("unsubscribed", -5))


async def test_times_of_other_zones_are_kept_as_utc() -> None:
    world = World()
    await world.told(event("opened", occurred_at=NOW.astimezone(timezone(timedelta(hours=5)))))
    assert world.row.times["opened"].tzinfo is UTC


async def test_evidence_holds_no_text_of_the_server() -> None:
    world = World()
    await world.told(event("bounced", evidence=Evidence(code=550, enhanced="5.1.1", text="<ann@example.com> unknown")))
    (kept,) = world.suppressions.stored.values()
    assert kept.evidence == "campaign spring: bounced 550 5.1.1"


PEOPLE = emails(3, state=EmailState.SENT)
IN_DOUBT = emails(3, state=EmailState.IN_DOUBT)


def histories() -> st.SearchStrategy[list[DeliveryEvent]]:
    one = st.builds(
        lambda row, kind, at_s, evidence, by_machine: event(
            kind, at_s, email_id=row.id, event_id=f"{row.id}-{kind}-{at_s}", evidence=evidence, by_machine=by_machine
        ),
        st.sampled_from(PEOPLE),
        st.sampled_from([kind.value for kind in EventType]),
        st.integers(0, 20),
        st.sampled_from([None, DEAD, FULL]),
        st.booleans(),
    )
    return st.lists(one, max_size=12, unique_by=lambda told: told.event_id)


def end_of(events: list[DeliveryEvent], cuts: int) -> tuple[object, ...]:
    """The stores after the events came in windows of `cuts`."""
    contacts = MemoryContacts(*(a_contact(row.address) for row in PEOPLE))
    world = World(MemoryEmails(*IN_DOUBT), contacts)

    async def tell() -> None:
        for start in range(0, len(events), cuts):
            await world.told(*events[start : start + cuts])

    asyncio.run(tell())
    opt_outs = {key: contact.opt_out for key, contact in world.contacts.stored.items()}
    return world.emails.stored, opt_outs, set(world.suppressions.stored), set(world.events.stored)


@settings(max_examples=150, deadline=None)
@given(histories(), st.randoms(use_true_random=False), st.integers(1, 5))
def test_any_order_any_repetition_and_any_windows_end_the_same(events: list[DeliveryEvent], random, cuts: int) -> None:  # type: ignore[no-untyped-def]
    shuffled = [*events, *random.sample(events, len(events) // 2)]
    random.shuffle(shuffled)
    assert end_of(shuffled, cuts) == end_of(events, 100)


# ---- machines, strangers, the erased


@pytest.mark.parametrize(("kind", "mark"), [("opened", "machine_opened"), ("clicked", "machine_clicked")])
async def test_what_a_machine_does_is_kept_apart_and_is_no_sign_of_life(kind: str, mark: str) -> None:
    world = World()
    await world.told(event(kind, 5, by_machine=True), event(kind, 3, by_machine=True, event_id="again"))
    assert (world.row.service, world.row.times) == (ServiceStatus.NONE, {mark: later(3)})
    assert world.row.proof is EmailState.SENT
    assert world.strikes.stored == {}
    assert {stored.by_machine for stored in world.events.stored.values()} == {True}


async def test_a_person_counts_beside_the_machine_that_came_first() -> None:
    world = World()
    await world.told(event("opened", 1, by_machine=True), event("opened", 9))
    assert (world.row.service, set(world.row.times)) == (ServiceStatus.OPENED, {"machine_opened", "opened"})
    assert await world.emails.last_alive([world.row.contact_id]) == {world.row.contact_id: later(9)}


async def test_a_bounce_is_kept_with_what_was_ruled_on_it() -> None:
    world = World()
    await world.told(event("bounced", 5, evidence=DEAD), event("bounced", 6), event("opened", 7))
    rulings = {key: stored.ruling for key, stored in world.events.stored.items()}
    dead, bare = rulings["bounced-5"], rulings["bounced-6"]
    assert dead is not None
    assert (dead.state, dead.reason, dead.dead, dead.rule[:5]) == (S_HARD, "user_unknown", True, "text:")
    assert (bare, rulings["opened-7"]) == (NO_EVIDENCE, None)


async def test_what_is_told_of_an_erased_person_counts_and_leaves_nobody_behind() -> None:
    """The row stays for the numbers, the contact is gone: nothing of the person comes into being again."""
    world = World(contacts=MemoryContacts())
    await world.told(event("unsubscribed", 1), event("clicked", 2), event("bounced", 3, evidence=DEAD))
    assert world.contacts.stored == {}
    assert set(world.row.times) == {"unsubscribed", "clicked", "bounced"}
    assert world.suppressed == {SuppressionReason.UNSUBSCRIBED, SuppressionReason.HARD_BOUNCED}


async def test_the_words_of_what_is_told_of_an_erased_person_are_not_kept() -> None:
    world = World(suppressions=MemorySuppressions(a_suppression(reason=SuppressionReason.ERASED)))
    words = Evidence(code=550, enhanced="5.1.1", text="no such user ann", raw="To: Ann", told="Ann has left")
    clicked = event("clicked", 2, url="https://x.example/?who=ann", user_agent="Ann's")
    await world.told(event("bounced", 3, evidence=words), clicked)
    bounce, click = (world.events.stored[event_key(each, ADDRESS_KEY)] for each in ("bounced-3", "clicked-2"))
    assert bounce.evidence == {"code": 550, "enhanced": "5.1.1", "text": GONE}
    assert bounce.ruling is not None
    assert (bounce.ruling.reason, bounce.ruling.dead) == ("user_unknown", True)
    assert (click.url, click.user_agent) == (GONE, None)
    assert set(world.row.times) == {"clicked", "bounced"}
    assert world.strikes.stored == {}


async def test_an_event_whose_id_was_hashed_with_its_person_is_known_when_it_comes_again() -> None:
    """Also once the person came back by own wish; what we name ourselves says nothing, and keeps its id."""
    ours = f"web:{'0a' * 20}"
    told = [event("clicked", 2, event_id="click of ann@example.com"), event("opened", 1, event_id=ours)]
    erased = World(suppressions=MemorySuppressions(a_suppression(reason=SuppressionReason.ERASED)))
    await erased.told(*told)
    await erased.told(*told)
    assert erased.events.stored.keys() == {event_key("click of ann@example.com", ADDRESS_KEY), ours}
    back = replace(erased, suppressions=MemorySuppressions())
    await back.told(*told)
    assert len(back.events.stored) == 2


# ---- campaigns that are offline (R102)


def left() -> World:
    """The integration was left after this mail was sent."""
    return World(campaigns=MemoryCampaigns(a_campaign(status=CampaignStatus.OFFLINE)))


@pytest.mark.parametrize("name", ["delivered", "opened", "clicked", "replied", "complained", "unsubscribed"])
async def test_a_late_event_is_kept_and_never_reaches_a_campaign_that_is_offline(name: str) -> None:
    world = left()
    before = world.row
    late = event(name, 10)
    await world.told(late)
    await world.told(late)
    assert world.row == before
    assert [stored.id for stored in await world.events.of_emails([before.id])] == [late.event_id]


async def test_a_late_bounce_of_an_offline_campaign_changes_no_row_and_the_address_is_dead_all_the_same() -> None:
    world = left()
    before = world.row
    await world.told(event("bounced", 10, evidence=DEAD))
    assert (world.row, world.suppressed) == (before, {SuppressionReason.HARD_BOUNCED})


async def test_who_unsubscribes_from_an_offline_campaign_is_mailed_no_more() -> None:
    world = left()
    await world.told(event("unsubscribed", 10))
    assert world.suppressed == {SuppressionReason.UNSUBSCRIBED}
    assert world.contacts.stored[an_id("ann@example.com")].opt_out is not None


async def test_an_event_of_nobodys_email_is_refused_of_an_offline_campaign_too() -> None:
    world = left()
    with pytest.raises(UnknownEmail, match="in no ledger"):
        await world.told(event("opened", 10, email_id=email_id("spring", an_id("bob@example.com"))))
