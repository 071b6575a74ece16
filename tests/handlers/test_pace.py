"""X5: what the workers send together, whose turn it is, and what waits for later."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from domain.assembly import OutgoingMail
from domain.delivery import Attempt, Wire
from domain.email import EmailState
from domain.errors import StoreUnavailable
from domain.pacing import Pacing
from domain.smtp_reply import Reply
from domain.throttle import Limits
from domain.warm_up import CAPS
from handlers.pace import Pace
from handlers.paced_relay import PacedRelay
from handlers.permit_desk import PermitDesk
from handlers.ports.sending import Throttles
from tests.fakes.relay import OK, MemoryRelay
from tests.handlers.sending import World, person
from tests.handlers.timed_throttles import TimedThrottles
from tests.handlers.virtual_clock import VirtualClock

RELAY = "relay:default"
SLOW = Reply(421, "4.7.28 our system has detected an unusual rate of mail")


def mails(count: int, domain: str = "example.com", name: str = "p") -> list[OutgoingMail]:
    return [
        OutgoingMail(f"{name}:{name}{place}:0", "b@green.example", f"{name}{place}@{domain}", b"", needs_smtputf8=False)
        for place in range(count)
    ]


def always() -> bool:
    return True


class NoThrottles:
    """MongoDB is away."""

    async def take(self, *_: object) -> Any:
        raise StoreUnavailable("no primary")

    warm_up = limited = take


@dataclass
class Road:
    """Workers that share throttles, and what they sent when."""

    pacing: Pacing = field(default_factory=Pacing)
    throttles: Throttles | None = None
    clock: VirtualClock = field(default_factory=VirtualClock)
    sent: list[tuple[float, str]] = field(default_factory=list)  #: time, email id
    put_off: dict[str, float] = field(default_factory=dict)  #: seconds, by email id

    def __post_init__(self) -> None:
        self.shared = TimedThrottles(self.clock)

    def pace(self, worker: str = "a") -> Pace:
        desk = PermitDesk(self.throttles or self.shared, worker, self.pacing, lambda: 0.5, self.clock.elapsed)
        return Pace(desk, self.clock.sleep)

    async def send(self, pace: Pace, batch: Sequence[OutgoingMail], reply: Reply = OK, until_s: float = 1e9) -> None:
        async for portion in pace.portions(batch, lambda: self.clock.now_s < until_s):
            self.put_off |= {mail.email_id: wait_s for mail, wait_s in portion.put_off}
            for mail in portion.ready:
                self.sent.append((self.clock.now_s, mail.email_id))
                attempt = pace.told(mail, Attempt(mail.email_id, Wire.ANSWERED, reply))
                if attempt.wire is Wire.PUT_OFF:
                    self.put_off[mail.email_id] = attempt.wait_s
            await self.clock.sleep(0.01)

    async def send_on(self, pace: Pace, name: str, until_s: float) -> None:
        """Batch after batch, as a campaign does that has no end."""
        while self.clock.now_s < until_s:
            await self.send(pace, mails(66, name=name), until_s=until_s)

    def most_within(self, seconds: float) -> int:
        times = sorted(at for at, _ in self.sent)
        return max(bisect_left(times, at + seconds) - place for place, at in enumerate(times))

    def of(self, name: str) -> int:
        return sum(email_id.partition(":")[0] == name for _, email_id in self.sent)


async def test_without_a_limit_all_goes_at_once_and_nobody_is_asked() -> None:
    road = Road()
    await road.clock.run(road.send(road.pace(), mails(500)))
    assert {at for at, _ in road.sent} == {0}
    assert not road.shared.asks


async def test_a_limit_is_kept_evenly_with_one_question_a_second() -> None:
    road = Road(Pacing(limits={RELAY: Limits(per_s=50)}))
    await road.clock.run(road.send_on(road.pace(), "p", 10))
    assert len(road.sent) == pytest.approx(500, rel=0.05)
    assert road.most_within(1) <= 52
    assert road.most_within(0.1) <= 7
    assert road.shared.asks["a"] <= 12


async def test_four_workers_together_keep_fifty_a_second_for_a_minute() -> None:
    road = Road(Pacing(limits={RELAY: Limits(per_s=50)}))
    await road.clock.run(*(road.send_on(road.pace(name), name, 60) for name in "abcd"))
    assert len(road.sent) == pytest.approx(3000, rel=0.05)
    assert road.most_within(1) <= 53
    assert max(road.shared.asks.values()) <= 65
    assert {name: road.of(name) for name in "abcd"} == pytest.approx(dict.fromkeys("abcd", 750), rel=0.2)


@pytest.mark.parametrize("batches", [1, 2, 3])
async def test_two_campaigns_on_one_relay_get_equal_parts(batches: int) -> None:
    """However many batches of the one are under way beside one batch of the other."""
    road = Road(Pacing(limits={RELAY: Limits(per_s=40)}))
    pace = road.pace()
    large = [road.send_on(pace, "large", 30) for _ in range(batches)]
    await road.clock.run(*large, road.send_on(pace, "small", 30))
    assert road.of("large") == pytest.approx(600, rel=0.1)
    assert road.of("small") == pytest.approx(600, rel=0.1)


@pytest.mark.parametrize(("relay", "google"), [(2, 1), (4, 2)])
async def test_who_lacks_another_throttle_keeps_no_turn_from_the_others(relay: float, google: float) -> None:
    """X5: one campaign waits for the relay, the other for Google, and each is next at what the other one lacks."""
    road = Road(Pacing(limits={RELAY: Limits(per_s=relay), "group:google": Limits(per_s=google)}))
    pace, until_s = road.pace(), 18
    elsewhere, to_google = mails(200, name="mixed"), mails(400, "gmail.com", "mixed")[200:]
    mixed = [mail for both in zip(elsewhere, to_google, strict=True) for mail in both]
    await road.clock.run(
        road.send(pace, mixed, until_s=until_s), road.send(pace, mails(400, "gmail.com", "google"), until_s=until_s)
    )
    taken = {mail.email_id for mail in to_google}
    mixed_to_google = sum(email_id in taken for _, email_id in road.sent)
    assert len(road.sent) == pytest.approx(relay * until_s, rel=0.1)
    assert road.of("google") + mixed_to_google == pytest.approx(google * until_s, rel=0.15)
    assert 0.4 <= road.of("google") / len(road.sent) <= 0.6
    assert road.put_off == {}


async def test_a_worker_that_is_slower_leaves_its_part_to_the_others() -> None:
    road = Road(Pacing(limits={RELAY: Limits(per_s=50)}))

    async def slowly(pace: Pace) -> None:
        while road.clock.now_s < 30:
            await road.send(pace, mails(1, name="slow"))
            await road.clock.sleep(0.5)

    await road.clock.run(slowly(road.pace("a")), road.send_on(road.pace("b"), "fast", 30))
    assert road.of("slow") + road.of("fast") == pytest.approx(1500, rel=0.05)


async def test_a_destination_that_asks_to_slow_down_waits_alone() -> None:
    """Classification 4.3: all its mails wait, no try is counted; the others go on."""
    road = Road()
    pace, other = road.pace(), road.pace("b")

    async def work() -> None:
        await road.send(pace, mails(1, "gmail.com", "first"), SLOW)
        await road.send(pace, [*mails(3, "gmail.com", "g"), *mails(3, "example.org", "e")])
        await road.clock.sleep(1)
        await road.send(other, mails(2, "gmail.com", "h"))

    await road.clock.run(work())
    assert set(road.put_off) == {"first:first0:0", "g:g0:0", "g:g1:0", "g:g2:0", "h:h0:0", "h:h1:0"}
    assert all(25 <= wait_s <= 50 for wait_s in road.put_off.values())
    assert road.of("e") == 3


async def test_a_small_domain_that_asks_to_slow_down_slows_nobody_else() -> None:
    road = Road()
    pace = road.pace()

    async def work() -> None:
        await road.send(pace, mails(1, "tiny.example"), SLOW)
        await road.send(pace, mails(3, "other.example", "o"))

    await road.clock.run(work())
    assert list(road.put_off) == ["p:p0:0"]


async def test_after_the_pause_one_mail_goes_ahead_and_the_others_follow() -> None:
    road = Road()
    pace = road.pace()

    async def work() -> None:
        await road.send(pace, mails(20, "gmail.com", "first"), SLOW)
        await road.clock.sleep(40)
        await road.send(pace, mails(30, "gmail.com", "g"))

    await road.clock.run(work())
    later = [at for at, email_id in road.sent if ":g" in email_id]
    assert later.count(later[0]) == 1
    assert len(later) == 30


async def test_what_waits_too_long_for_its_destination_is_put_off_and_what_waits_for_the_relay_is_not() -> None:
    road = Road(Pacing(limits={"group:google": Limits(per_s=1), RELAY: Limits(per_s=2)}))
    await road.clock.run(road.send(road.pace(), [*mails(60, "gmail.com"), *mails(60, "example.com", "e")]))
    assert road.of("p") == pytest.approx(21, abs=3)
    assert road.of("e") == 60
    assert len(road.put_off) == 120 - len(road.sent)


async def test_a_new_domain_sends_fifty_on_its_first_day() -> None:
    road = Road(Pacing(warm_up_caps=CAPS))
    await road.clock.run(*(road.send(road.pace(name), mails(66, name=name)) for name in "ab"))
    assert len(road.sent) == 50
    assert road.put_off == {}  # the others stay in their batches


async def test_nothing_goes_once_the_batch_is_not_wanted_any_more() -> None:
    road = Road(Pacing(limits={RELAY: Limits(per_s=10)}))
    await road.clock.run(road.send(road.pace(), mails(100), until_s=3))
    assert len(road.sent) == pytest.approx(30, abs=2)
    assert road.clock.now_s < 3.5


async def test_while_mongodb_is_away_what_is_free_goes_and_what_is_limited_waits() -> None:
    pacing = Pacing(limits={"group:google": Limits(per_s=10)})
    road = Road(pacing, NoThrottles())
    await road.clock.run(road.send(road.pace(), [*mails(5, "gmail.com", "g"), *mails(5)], until_s=3))
    assert (road.of("g"), road.of("p")) == (0, 5)


async def test_a_limit_that_is_set_by_hand_counts_within_a_second() -> None:
    road = Road()
    pace = road.pace()

    async def work() -> None:
        await road.send(pace, mails(5, name="before"))
        await road.shared.override(RELAY, Limits(per_s=10))
        await road.clock.sleep(1)
        await road.send(pace, mails(100, name="after"), until_s=3)

    await road.clock.run(work())
    assert road.of("after") == pytest.approx(20, abs=3)


async def test_a_limit_of_connections_alone_asks_for_no_permits() -> None:
    road = Road(Pacing(limits={RELAY: Limits(connections=12)}))
    await road.clock.run(road.send(road.pace(), mails(5)))
    assert not road.shared.asks


async def test_a_mail_that_was_put_off_is_deferred_without_a_try() -> None:
    """Issue 3, 6: 421 slows the destination down, and costs its people nothing."""
    answers = {person(0): [SLOW, OK]}
    world = await World(count=2, per_slice=2, relay=PacedRelay(MemoryRelay(answers), Road().pace())).planned()
    await world.send(0)
    row = world.row(0)
    assert (row.state, row.attempts, row.reason, row.slice) == (EmailState.DEFERRED, 0, "rate_limited", -1)
    assert row.next_at is not None
    assert 25 <= (row.next_at - world.now).total_seconds() <= 50
    assert row.reply == SLOW
