"""The checks of a review, and what a verdict keeps of them (R59, R60, D8, D9)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest

from domain.assets import Fetched, Trouble
from domain.campaign import Campaign, CampaignStatus, Content, Sender, changed_since_review
from domain.dkim_key import RELAY_SIGNS
from domain.dns_texts import Texts
from domain.errors import Conflict, IllegalTransition
from domain.findings import Severity
from domain.lists import Topic
from domain.policy import Policy, policy_of
from domain.spam_verdict import EngineAway, SpamVerdict
from handlers.asset_check import AssetCheck
from handlers.review_checks import ReviewChecks
from messages.base import Message
from messages.review_requested import ReviewRequested
from tests.builders import NOW, a_record
from tests.fakes.assets import MemoryAssets
from tests.fakes.sender_dns import MemorySenderDns
from tests.fakes.spam_engine import MemorySpamEngine
from tests.handlers.reviewing import GREEN, KEYS, House, a_draft, content

LOGO = "https://green.shop/logo.png"
PICTURE = content(html=f'<html lang="en"><body><p>Hello</p>\n<img alt="us" src="{LOGO}"></body></html>')
NEWS = Sender("Green Ltd", "news@green.shop")


def page() -> Content:
    """What a review lets pass, with an image at its end."""
    words = "<p>What is ripe, what is in the shops, and what is good for you, every week anew.</p>" * 3
    return content(html=f"{content().html}{words}<img alt='us' src='{LOGO}'>")


def checks(**overrides: Any) -> ReviewChecks:
    return ReviewChecks(GREEN, KEYS, RELAY_SIGNS, lambda: NOW, **overrides)


async def rules(checks: ReviewChecks, **draft: Any) -> dict[str, Severity]:
    return {found.rule: found.severity for found in (await checks(a_draft(**draft))).findings}


async def test_what_every_check_finds_is_in_one_report_the_worst_first() -> None:
    look = AssetCheck(MemoryAssets({LOGO: Fetched(trouble=Trouble.TIME_OUT)}))
    spam, dns = MemorySpamEngine(SpamVerdict(3.5)), MemorySenderDns({"green.shop": ["v=spf1 -all"]})
    all_of_them = checks(look_at_assets=look, spam_engine=spam, sender_dns=dns)
    found = await rules(all_of_them, content=replace(PICTURE, subject="Re: us"), sender=NEWS)
    assert list(found.values()) == sorted(found.values(), key=list(Severity).index)
    assert found.keys() >= {"fake-reply", "spam-score", "no-unsubscribe-link", "dmarc-missing", "unchecked-asset"}


async def test_the_engine_is_asked_about_the_mail_as_the_sample_person_gets_it() -> None:
    spam = MemorySpamEngine()
    await rules(checks(spam_engine=spam))
    [raw] = spam.asked
    assert b"Subject: Hello" in raw
    assert b"List-Unsubscribe:" in raw


async def test_content_that_cannot_be_rendered_is_one_finding_and_nobody_is_asked_about_it() -> None:
    spam, assets = MemorySpamEngine(), MemoryAssets()
    broken = Content("Hello", html="{% for x in %}", text="x")
    assert await rules(checks(spam_engine=spam, look_at_assets=AssetCheck(assets)), content=broken) == {
        "content-fails": Severity.ERROR
    }
    assert (spam.asked, assets.asked) == ([], [])


async def test_whoever_is_away_makes_findings_that_block_nothing() -> None:
    away = checks(
        spam_engine=MemorySpamEngine(EngineAway("nobody there")),
        look_at_assets=AssetCheck(MemoryAssets({LOGO: Fetched(trouble=Trouble.NO_ANSWER)})),
        sender_dns=MemorySenderDns(silent={"green.shop", "_dmarc.green.shop"}),
    )
    assert await rules(away, content=page(), sender=NEWS) == {
        "spam-engine-away": Severity.UNKNOWN,
        "unchecked-asset": Severity.UNKNOWN,
        "sender-dns-unknown": Severity.UNKNOWN,
    }


class SilentDns:
    """Never says anything."""

    async def texts(self, names: Collection[str]) -> Mapping[str, Texts]:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


class ForgetfulDns:
    """Answers nothing of what it is asked."""

    async def texts(self, names: Collection[str]) -> Mapping[str, Texts]:
        return {}


@pytest.mark.parametrize("dns", [SilentDns(), ForgetfulDns()])
async def test_a_dns_that_does_not_answer_holds_no_review_up(dns: Any) -> None:
    assert await rules(checks(sender_dns=dns, dns_s=0.05), sender=NEWS) == {"sender-dns-unknown": Severity.UNKNOWN}


async def test_names_for_examples_are_not_asked_about() -> None:
    dns = MemorySenderDns()
    assert await rules(checks(sender_dns=dns)) == {"sample-sender-domain": Severity.WARNING}
    assert dns.asked == []


async def test_the_policy_says_what_blocks() -> None:
    shouting = content(subject="HELLO GREEN FRIENDS")
    strict = policy_of('[severity]\nsubject-capitals = "error"', "own.toml")
    deaf = policy_of('[severity]\nsubject-capitals = "off"', "own.toml")
    for policy, found in ((Policy(), Severity.WARNING), (strict, Severity.ERROR), (deaf, None)):
        assert (await rules(checks(policy=policy), content=shouting)).get("subject-capitals") is found


async def test_the_policy_says_from_how_many_points_on() -> None:
    policy = policy_of("[thresholds]\nspam_score_warning = 1\nspam_score_error = 2", "own.toml")
    assert await rules(checks(policy=policy, spam_engine=MemorySpamEngine(SpamVerdict(2.5)))) == {
        "spam-score": Severity.ERROR
    }


# ---- in a review


async def reviewed(house: House, **draft: Any) -> Campaign:
    await house.records.save([a_record()])
    await house.campaigns.add(a_draft(**draft))
    return await house.reviewed()


async def test_d9_the_verdict_keeps_the_hash_of_every_image() -> None:
    found = await reviewed(House(assets=MemoryAssets({LOGO: Fetched(200, fingerprint='"1"')})), content=page())
    assert found.status is CampaignStatus.REVIEWED
    assert list(found.reviewed_assets) == [LOGO]


async def test_a_dead_image_rejects_it_and_says_where_it_stands() -> None:
    found = await reviewed(House(assets=MemoryAssets({LOGO: Fetched(404)})), content=page())
    assert found.status is CampaignStatus.REJECTED
    assert found.reviewed_assets == {}
    assert found.status_reason is not None
    assert found.status_reason.startswith("html, line 6: the image https://green.shop/logo.png is dead")


async def test_spam_rejects_it() -> None:
    found = await reviewed(House(spam_engine=MemorySpamEngine(SpamVerdict(9))))
    assert (found.status, found.reviewed_hash) == (CampaignStatus.REJECTED, None)


async def test_a_repeated_verdict_changes_nothing() -> None:
    house = House(assets=MemoryAssets(), spam_engine=MemorySpamEngine())
    before = await reviewed(house)
    last = ReviewRequested(campaign_id="spring", run_id=before.review_run, phase="eligibility", slice=0)
    house.spam_engine = MemorySpamEngine(SpamVerdict(9))
    assert await house.step(last) == []
    assert house.campaigns.stored["spring"] == before
    assert house.spam_engine.asked == []


class MeddlingEngine:
    """Somebody changes the campaign while its content is being judged."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.judged: list[bytes] = []

    async def judge(self, mail: bytes) -> SpamVerdict:
        self.judged.append(mail)
        if len(self.judged) == 1:
            known = self.house.campaigns.stored["spring"]
            other = replace(known, content=content(subject="RE: OTHER"))
            await self.house.campaigns.save(other, expected={CampaignStatus.IN_REVIEW})
        return SpamVerdict(0)


async def test_a_campaign_that_changes_during_the_checks_is_judged_as_it_is_then() -> None:
    """By hand, in the store: no command does it. The repeat of the message looks at what is there."""
    house = House()
    house.spam_engine = meddling = MeddlingEngine(house)
    await house.records.save([a_record()])
    await house.campaigns.add(a_draft())
    waiting = list(await house.step(ReviewRequested(campaign_id="spring")))
    while waiting:
        try:
            waiting += await house.step(waiting[0])
        except Conflict:
            continue
        waiting.pop(0)
    found = house.campaigns.stored["spring"]
    assert [b"RE: OTHER" in mail for mail in meddling.judged] == [False, True]
    assert (found.status, changed_since_review(found)) == (CampaignStatus.REVIEWED, [])
    assert found.report is not None
    assert "fake-reply" in {each.rule for each in found.report.findings}


async def under_way() -> tuple[House, Message]:
    """A review on the topic of offers, and its one slice to do next."""
    house = House()
    await house.records.save([a_record()])
    await house.campaigns.add(a_draft(topic="offers"))
    await house.topics.add(Topic("offers", "Offers"))
    [first] = await house.step(ReviewRequested(campaign_id="spring"))
    return house, first


async def test_a_list_and_a_topic_that_went_while_it_was_under_way_reject_it() -> None:
    house, first = await under_way()
    house.lists.stored.clear()
    house.topics.stored.clear()
    await house.run([first])
    found = house.campaigns.stored["spring"]
    assert found.status is CampaignStatus.REJECTED
    assert found.report is not None
    assert [each.rule for each in found.report.findings] == ["list-gone", "topic-gone"]


async def test_a_topic_that_is_renamed_while_it_is_under_way_is_still_the_topic() -> None:
    house, first = await under_way()
    house.topics.stored["offers"] = Topic("offers", "Bargains")
    await house.run([first])
    assert house.campaigns.stored["spring"].status is CampaignStatus.REVIEWED


async def test_what_is_under_review_is_not_reviewed_in_the_same_breath_by_another() -> None:
    """Two requests at once: one run, one verdict."""
    house = House(spam_engine=MemorySpamEngine())
    await house.records.save([a_record()])
    await house.campaigns.add(a_draft())
    await house.run([ReviewRequested(campaign_id="spring"), ReviewRequested(campaign_id="spring")])
    assert house.campaigns.stored["spring"].status is CampaignStatus.REVIEWED
    assert house.spam_engine is not None
    assert len(house.spam_engine.asked) == 1
    with pytest.raises(IllegalTransition):
        await house.step(ReviewRequested(campaign_id="spring"))
