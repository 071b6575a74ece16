"""Several relays (issue 3, 4): who gets what, what happens when one dies, and when it comes back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, cast

import pytest

from domain.assembly import OutgoingMail
from domain.delivery import Attempt, Wire
from domain.errors import RelayUnavailable
from domain.smtp_reply import Reply
from gateways.relays import Member, Relays
from tests.fakes.relay import Answer, MemoryRelay


def mails(count: int, name: str = "p") -> list[OutgoingMail]:
    return [
        OutgoingMail(f"c:{name}{place}:0", "b@green.example", f"{name}{place}@x.example", b"", needs_smtputf8=False)
        for place in range(count)
    ]


class Post:
    """Relays of which the test says which are away, on a clock that it moves."""

    def __init__(self, *members: tuple[str, int, bool], answers: Mapping[str, Mapping[str, Answer]] | None = None):
        self.now_s = 0.0
        self.away: set[str] = set()
        self.refusing: set[str] = set()  #: let us in, and take no mail
        self.probed: list[str] = []
        scripts = answers or {}
        self.relays = {
            name: MemoryRelay({address: [answer] for address, answer in scripts.get(name, {}).items()})
            for name, _, _ in members
        }
        self.members = [Member(name, self.relays[name], self._probe(name), *rest) for name, *rest in members]
        self.all = Relays(self.members, elapsed=lambda: self.now_s, spread=lambda: 0.5)

    def _probe(self, name: str) -> Callable[[], Any]:
        async def probe() -> None:
            self.probed.append(name)
            if self.relays[name].down_after is not None and name not in self.refusing:
                raise RelayUnavailable(f"{name} is down")

        return probe

    def dies(self, name: str, after: int = 0) -> None:
        self.relays[name].down_after = len(self.relays[name].tries) + after

    def refuses(self, name: str) -> None:
        self.dies(name)
        self.refusing.add(name)

    def lives(self, name: str) -> None:
        self.relays[name].down_after = None

    async def send(self, batch: Sequence[OutgoingMail], keep_going: Callable[[], bool] = lambda: True) -> list[Attempt]:
        found = [attempt async for attempt in self.all.deliver(batch, keep_going)]
        await asyncio.sleep(0)  # a probe may end
        await asyncio.sleep(0)
        return found

    @property
    def counts(self) -> dict[str, int]:
        return {name: len(relay.taken) for name, relay in self.relays.items()}

    @property
    def recipients(self) -> Counter[str]:
        return Counter(mail.recipient for relay in self.relays.values() for mail in relay.taken)


async def test_mails_are_shared_by_weight_in_small_batches_too() -> None:
    post = Post(("a", 3, False), ("b", 1, False))
    for _ in range(40):
        await post.send(mails(1))
    await post.send(mails(40))
    assert post.counts == {"a": 60, "b": 20}


async def test_a_backup_gets_nothing_while_another_is_well() -> None:
    post = Post(("a", 1, False), ("b", 1, True))
    await post.send(mails(50))
    assert post.counts == {"a": 50, "b": 0}


@pytest.mark.parametrize("backup", [False, True])
async def test_what_a_dead_relay_left_untouched_goes_to_the_other_and_nobody_gets_two(backup: bool) -> None:
    post = Post(("a", 1, False), ("b", 1, backup))
    post.dies("a", after=10)
    found = await post.send(mails(50))
    assert len({attempt.email_id for attempt in found}) == len(found) == 50
    assert post.counts == {"a": 10, "b": 40}
    assert set(post.recipients.values()) == {1}


async def test_only_when_none_is_left_is_the_relay_unavailable_and_it_says_why_of_each() -> None:
    post = Post(("a", 1, False), ("b", 1, True))
    post.dies("a", after=3)
    post.dies("b", after=4)
    told: list[Attempt] = []
    with pytest.raises(RelayUnavailable, match=r"relay is down; .*relay is down"):  # noqa: PT012
        async for attempt in post.all.deliver(mails(20), lambda: True):
            told.append(attempt)  # noqa: PERF401  (kept when it raises)
    assert len(told) == 7
    assert {attempt.email_id for attempt in told} == {
        mail.email_id for relay in post.relays.values() for mail in relay.taken
    }


@pytest.mark.parametrize("answer", [Reply(451, "4.3.0 later"), Reply(550, "5.1.1 unknown"), Wire.UNKNOWN])
async def test_an_answer_and_a_doubt_are_never_handed_to_another_relay(answer: Answer) -> None:
    post = Post(("a", 1, False), ("b", 1, True), answers={"a": {"p0@x.example": answer}})
    post.dies("a", after=1)
    found = {attempt.email_id: attempt for attempt in await post.send(mails(5))}
    assert post.relays["b"].tries == [f"p{place}@x.example" for place in range(1, 5)]
    first = found["c:p0:0"]
    assert (first.reply or first.wire) == answer


async def test_a_mail_at_which_the_connections_of_a_dying_relay_broke_goes_to_another() -> None:
    post = Post(("a", 1, False), ("b", 1, True), answers={"a": {"p0@x.example": Wire.NOT_SENT}})
    post.dies("a", after=1)
    assert {attempt.wire for attempt in await post.send(mails(5))} == {Wire.ANSWERED}
    assert post.counts == {"a": 0, "b": 5}


async def test_a_mail_at_which_connections_of_a_living_relay_broke_is_told_so() -> None:
    post = Post(("a", 1, False), ("b", 1, True), answers={"a": {"p0@x.example": Wire.NOT_SENT}})
    wires = {attempt.email_id: attempt.wire for attempt in await post.send(mails(3))}
    assert wires == {"c:p0:0": Wire.NOT_SENT, "c:p1:0": Wire.ANSWERED, "c:p2:0": Wire.ANSWERED}
    assert post.counts == {"a": 2, "b": 0}


async def test_a_failed_relay_rests_ever_longer_and_comes_back_when_it_lets_us_in() -> None:
    post = Post(("a", 1, False), ("b", 1, False))
    post.dies("a")
    await post.send(mails(10))
    await post.send(mails(10))
    assert (post.counts, post.probed) == ({"a": 0, "b": 20}, [])
    post.now_s = 10
    await post.send(mails(10))
    assert post.probed == ["a"]
    assert post.members[0].rests_until_s == 30  # 10 s, then 20 s
    post.now_s = 29
    post.lives("a")
    await post.send(mails(10))
    assert post.probed == ["a"]
    post.now_s = 30
    await post.send(mails(10))
    assert post.probed == ["a", "a"]
    await post.send(mails(10))
    assert post.counts == {"a": 5, "b": 55}


async def test_a_relay_that_lets_us_in_and_takes_no_mail_rests_ever_longer() -> None:
    """Logging in does not make up for what it failed; an answer to a mail does."""
    post = Post(("a", 1, False), ("b", 1, False))
    post.refuses("a")
    rests = []
    for _ in range(4):
        await post.send(mails(10))
        rests.append(post.members[0].rests_until_s - post.now_s)
        post.now_s = post.members[0].rests_until_s
        await post.send([])  # it is asked to let us in, and does
    assert rests == [10, 20, 40, 80]
    assert post.probed == ["a"] * 4
    post.lives("a")
    await post.send(mails(10))
    post.refuses("a")
    await post.send(mails(10))
    assert post.members[0].rests_until_s - post.now_s == 10
    assert post.counts == {"a": 5, "b": 55}


def test_rests_end_at_five_minutes() -> None:
    post = Post(("a", 1, False), ("b", 1, False))
    rests = []
    for _ in range(8):
        post.members[0].failed(post.now_s, 0.5)
        rests.append(post.members[0].rests_until_s - post.now_s)
        post.now_s = post.members[0].rests_until_s
    assert rests == [10, 20, 40, 80, 160, 300, 300, 300]


async def test_where_none_is_well_all_are_tried_again_without_waiting_for_a_rest() -> None:
    post = Post(("a", 1, False), ("b", 1, True))
    post.dies("a")
    post.dies("b")
    with pytest.raises(RelayUnavailable):
        await post.send(mails(4))
    post.lives("b")
    await post.send(mails(4))
    assert post.counts == {"a": 0, "b": 4}
    await post.send(mails(4))
    assert post.counts == {"a": 0, "b": 8}  # the one that took mail is well again


async def test_batches_that_fail_together_are_one_failure() -> None:
    post = Post(("a", 1, False), ("b", 1, False))
    post.dies("a")
    await asyncio.gather(*(post.send(mails(4, name)) for name in "xyz"))
    assert post.members[0].failures == 1


async def test_told_to_stop_nothing_is_handed_on_and_nobody_complains() -> None:
    post = Post(("a", 1, False), ("b", 1, True))
    post.dies("a", after=2)
    assert len(await post.send(mails(10), keep_going=lambda: len(post.relays["a"].tries) < 2)) == 2
    assert post.counts == {"a": 2, "b": 0}


class Hanging:
    """Never answers; knows whether it was given up."""

    def __init__(self) -> None:
        self.given_up = False

    async def deliver(self, mails: Sequence[OutgoingMail], keep_going: Callable[[], bool]) -> AsyncIterator[Attempt]:
        try:
            await asyncio.Event().wait()
            yield Attempt("", Wire.UNKNOWN)
        finally:
            self.given_up = True


async def test_a_batch_that_nobody_waits_for_stops_at_every_relay() -> None:
    post = Post(("a", 1, False))
    hanging = Hanging()
    relays = Relays([*post.members, Member("b", hanging, post.members[0].probe)])
    async with aclosing(cast(Any, relays.deliver(mails(4), lambda: True))) as attempts:
        async for _ in attempts:
            break
    assert hanging.given_up


async def test_a_bug_in_one_relay_is_no_outage() -> None:
    class Broken(MemoryRelay):
        def _attempt(self, mail: OutgoingMail) -> Attempt:
            raise ZeroDivisionError

    post = Post(("a", 1, False))
    relays = Relays([Member("b", Broken(), post.members[0].probe)])
    with pytest.raises(ZeroDivisionError):
        [attempt async for attempt in relays.deliver(mails(1), lambda: True)]
