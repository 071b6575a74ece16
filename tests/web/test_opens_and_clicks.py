"""The pixel and the links: what is told of them, what is not, and what readers see."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from domain.anonymous_visits import VisitCounts
from domain.campaign import CampaignStatus
from domain.consent import Consent, ConsentTo
from domain.errors import BrokerUnavailable, StoreUnavailable
from domain.tracking import Kind, SigningKey, SigningKeys, nobody_of
from domain.tracking_policy import TrackingPolicy
from messages.delivery_event import EventType
from tests.builders import NOW, a_contact, an_email, later
from tests.web.asking import ask
from tests.web.house import ANN, KEYS, House, path
from web.app import WebOptions

PIXEL, LINK = path(Kind.OPEN), path(Kind.CLICK, link=1)
APPLE, GMAIL = (
    "Mozilla/5.0",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
)


async def test_the_pixel_is_an_open_that_is_confirmed_before_the_answer() -> None:
    house = House()
    answer = await house.get(PIXEL)
    assert (answer.status, answer.headers["content-type"], answer.body[:6]) == (200, "image/gif", b"GIF89a")
    assert "no-store" in answer.headers["cache-control"]
    told = house.broker.only
    assert (told.event, told.email_id, told.by_machine) == (EventType.OPENED, ANN.id, False)
    assert (told.ip, told.occurred_at) == (None, house.now)


async def test_a_link_leads_to_its_target_and_is_a_click() -> None:
    house = House()
    answer = await house.get(path(Kind.CLICK))
    assert (answer.status, answer.headers["location"]) == (302, "https://green.example/a?b=1&c=2")
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert (house.broker.only.event, house.broker.only.url) == (EventType.CLICKED, "https://green.example/a?b=1&c=2")


@pytest.mark.parametrize("number", ["9", "01", "-1", "²", "1e1", "9" * 5000, "https://evil.example", ""])
async def test_only_links_of_the_campaign_lead_anywhere(number: str) -> None:
    house = House()
    answer = await house.get(f"{path(Kind.CLICK)[:-1]}{number}")
    assert (answer.status, answer.headers.get("location"), house.broker.events) == (404, None, [])


@pytest.mark.parametrize("page", [PIXEL, LINK, path(Kind.UNSUBSCRIBE), path(Kind.PREFERENCES)])
async def test_one_changed_bit_makes_a_token_worthless(page: str) -> None:
    house = House()
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for place in range(3, 43):
        other = digits[digits.index(page[place]) ^ 1]
        assert (await house.get(page[:place] + other + page[place + 1 :])).status == 404
    assert house.broker.events == []


async def test_a_token_of_one_kind_is_worthless_as_another() -> None:
    house = House()
    text = path(Kind.UNSUBSCRIBE)[3:]
    for page in (f"/o/{text}.gif", f"/c/{text}/0", f"/p/{text}"):
        assert (await house.get(page)).status == 404


async def test_old_keys_stay_good_and_strange_ones_never_are() -> None:
    house = House()
    old, strange = SigningKeys((KEYS.keys[1],)), SigningKeys((SigningKey(1, b"somebody else's own key"),))
    assert (await house.get(path(Kind.UNSUBSCRIBE, keys=old))).status == 200
    assert (await house.get(path(Kind.UNSUBSCRIBE, keys=strange))).status == 404
    assert (await house.get(path(Kind.OPEN, keys=SigningKeys((SigningKey(9, b"a key id nobody has"),))))).status == 404


async def test_a_token_of_a_campaign_that_is_gone_leads_nowhere() -> None:
    house = House()
    assert (await house.get(path(Kind.OPEN, an_email(campaign_id="deleted")))).status == 404


async def test_another_campaigns_token_finds_only_the_links_of_that_campaign() -> None:
    house = House()
    assert (await house.get(path(Kind.CLICK, an_email(campaign_id="autumn"), link=0))).status == 404


@pytest.mark.parametrize("policy", TrackingPolicy)
@pytest.mark.parametrize("said", [True, False, None])
async def test_opens_are_told_only_of_whom_the_policy_and_their_word_allow(
    policy: TrackingPolicy, said: bool | None
) -> None:
    house = House(policy)
    consents = () if said is None else (Consent(ConsentTo.TRACKING, said, NOW, "form"),)
    house.contacts.stored[ANN.contact_id] = a_contact(consents=consents)
    assert [(await house.get(page)).status for page in (PIXEL, LINK)] == [200, 302]
    told = {TrackingPolicy.ALL: {True, None}, TrackingPolicy.CONSENT: {True}}
    counted = {TrackingPolicy.AGGREGATE: {True, None}}
    assert len(house.broker.events) == (2 if said in told.get(policy, ()) else 0)
    assert house.anonymous.counts.total() == (2 if said in counted.get(policy, ()) else 0)


@pytest.mark.parametrize("policy", [TrackingPolicy.ALL, TrackingPolicy.CONSENT, TrackingPolicy.AGGREGATE])
async def test_what_names_only_a_campaign_is_counted_and_leads_on(policy: TrackingPolicy) -> None:
    """D12, aggregate: all mails of a campaign have the same pixel and links; nothing is told of anybody."""
    house, nobody = House(policy), replace(ANN, id=nobody_of(ANN.id))
    pixel, link = path(Kind.OPEN, nobody), path(Kind.CLICK, nobody, link=1)
    for _ in range(2):
        assert (await house.get(pixel)).status == 200
    for _ in range(4):  # of four people, say: that is no scanner
        assert (await house.get(link)).headers["location"] == "https://green.example/b"
    await house.get(pixel, **{"user-agent": APPLE})
    await house.get(link, **{"user-agent": "curl/8"})
    assert await house.anonymous.of("spring") == VisitCounts(2, 4, 1, 1, {1: 4})
    assert house.broker.events == []


async def test_where_nothing_is_tracked_nothing_is_counted_and_links_lead_on() -> None:
    house, nobody = House(TrackingPolicy.OFF), replace(ANN, id=nobody_of(ANN.id))
    assert (await house.get(path(Kind.OPEN, nobody))).status == 200
    assert (await house.get(path(Kind.CLICK, nobody))).status == 302
    assert house.anonymous.counts.total() == 0


async def test_r102_what_is_opened_of_a_campaign_that_is_offline_is_not_counted() -> None:
    house, nobody = House(TrackingPolicy.AGGREGATE), replace(ANN, id=nobody_of(ANN.id))
    house.campaigns.stored["spring"] = replace(house.campaigns.stored["spring"], status=CampaignStatus.OFFLINE)
    assert [(await house.get(path(kind, nobody))).status for kind in (Kind.OPEN, Kind.CLICK)] == [200, 302]
    assert house.anonymous.counts.total() == 0


async def test_a_count_that_cannot_be_stored_is_asked_for_again_or_lost_as_a_click() -> None:
    house, nobody = House(TrackingPolicy.AGGREGATE), replace(ANN, id=nobody_of(ANN.id))
    house.anonymous.is_away = True
    assert (await house.get(path(Kind.OPEN, nobody))).status == 503
    assert (await house.get(path(Kind.CLICK, nobody))).status == 302
    assert house.registry.get_sample_value("unrecorded_total") == 1


@pytest.mark.parametrize("kind", [Kind.UNSUBSCRIBE, Kind.PREFERENCES])
async def test_nobody_leaves_by_a_token_of_nobody(kind: Kind) -> None:
    """Such tokens are never written into a mail; if one were, no person is behind it."""
    house, nobody = House(), replace(ANN, id=nobody_of(ANN.id))
    await house.post(path(kind, nobody))
    assert ANN.contact_id not in {each for each, _ in house.suppressions.stored}


async def test_of_an_erased_person_nothing_is_told_and_links_still_lead_on() -> None:
    house = House(TrackingPolicy.ALL)
    house.contacts.stored.clear()
    assert [(await house.get(page)).status for page in (PIXEL, LINK)] == [200, 302]
    assert house.broker.events == []


@pytest.mark.parametrize("trouble", [BrokerUnavailable("away"), StoreUnavailable("away")])
async def test_while_a_server_is_away_links_lead_on_and_the_click_is_counted_as_lost(trouble: Exception) -> None:
    house = House()
    await house.get(LINK)  # the campaign is known from now on
    house.broker.told.clear()
    away(house, trouble)
    answer = await house.get(path(Kind.CLICK))
    assert (answer.status, answer.headers["location"]) == (302, "https://green.example/a?b=1&c=2")
    assert (house.broker.events, house.registry.get_sample_value("unrecorded_total")) == ([], 1)


@pytest.mark.parametrize("trouble", [BrokerUnavailable("away"), StoreUnavailable("away")])
async def test_while_a_server_is_away_the_pixel_says_when_to_come_again(trouble: Exception) -> None:
    house = House()
    away(house, trouble)
    answer = await house.get(PIXEL)
    assert (answer.status, answer.headers["retry-after"], house.broker.events) == (503, "5", [])


def away(house: House, trouble: Exception) -> None:
    async def tracking(ids: object) -> dict[str, object]:
        raise trouble

    if isinstance(trouble, BrokerUnavailable):
        house.broker.trouble = trouble
    else:
        house.visits.tracked.said._ask = tracking


async def test_asking_again_within_a_minute_is_the_same_event_and_later_another() -> None:
    house = House()
    for _ in range(50):
        await house.get(PIXEL)
    assert len(house.broker.events) == 1
    house.now = later(7200)
    await house.get(PIXEL)
    assert len(house.broker.events) == 2


@pytest.mark.parametrize(
    ("agent", "sign"),
    [(APPLE, "apple_mpp"), ("", "nameless"), ("curl/8.1", "robot"), ("SomeBot/2.0", "robot"), (GMAIL, None)],
)
async def test_opens_of_machines_are_labelled_and_kept(agent: str, sign: str | None) -> None:
    house = House()
    await house.get(PIXEL, **{"user-agent": agent})
    told = house.broker.only
    assert (told.by_machine, told.evidence and told.evidence.rule) == (sign is not None, sign)


async def test_head_is_a_scanners() -> None:
    house = House()
    answer = await ask(house.app, LINK, method="HEAD")
    assert (answer.status, house.broker.only.by_machine) == (302, True)


@pytest.mark.parametrize(("after_s", "by_machine"), [(3, True), (30, False)])
async def test_what_comes_right_after_the_mail_went_out_is_no_person(after_s: int, by_machine: bool) -> None:
    house = House()
    sending = house.campaigns.stored["spring"]
    house.campaigns.stored["spring"] = replace(sending, status=CampaignStatus.SENDING)
    house.now = later(after_s)
    await house.get(LINK)
    await house.get(PIXEL, **{"user-agent": GMAIL})
    assert [event.by_machine for event in house.broker.events] == [by_machine, by_machine]


async def test_the_third_link_of_a_mail_within_seconds_is_a_scanners() -> None:
    house = House()
    for link in (0, 0, 1, 2):
        await house.get(path(Kind.CLICK, link=link))
    assert [event.by_machine for event in house.broker.events] == [False, False, True]
    house.clock_s += 60
    house.now = later(7200)
    await house.get(path(Kind.CLICK, link=2))
    assert not house.broker.events[-1].by_machine


async def test_one_address_that_clicks_for_many_people_is_a_scanner() -> None:
    house = House(TrackingPolicy.ALL)
    people = [f"p{number}@example.com" for number in range(12)]
    house.contacts.stored |= {each.id: each for each in map(a_contact, people)}
    for person in people:
        await house.get(path(Kind.CLICK, an_email(person)))
    assert [event.by_machine for event in house.broker.events] == [False] * 9 + [True] * 3


@pytest.mark.parametrize("client", ["172.30.0.1", "testclient"])
async def test_a_proxy_that_does_not_say_whom_it_asks_for_is_no_scanner(client: str) -> None:
    """Many people come under its address, or under none."""
    house = House(TrackingPolicy.ALL, options=WebOptions(trusted_proxies=(ip_network("172.30.0.0/24"),)))
    people = [f"p{number}@example.com" for number in range(12)]
    house.contacts.stored |= {each.id: each for each in map(a_contact, people)}
    for person in people:
        await ask(house.app, path(Kind.CLICK, an_email(person)), client=client)
    assert [event.by_machine for event in house.broker.events] == [False] * 12
