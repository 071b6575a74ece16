"""A campaign that is sent, with its scheduler, hit at each call of each port: nobody twice, nobody forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.campaign import CampaignStatus
from domain.email import EmailState
from domain.errors import Transient
from domain.smtp_reply import Reply
from handlers.scheduler import Scheduler
from messages.base import Message
from messages.send_batch import SendBatch
from tests.builders import a_campaign
from tests.fakes.relay import OK, MemoryRelay
from tests.handlers import sending
from tests.handlers.faults.faulty import Died, Fault, Life, Way, differences, in_place, mortal, played
from tests.handlers.sending import World, assembler, person

FULL = Reply(452, "4.2.2 mailbox full")
UNKNOWN = Reply(550, "5.1.1 no such user")
MOST_TICKS = 100
#: Between the ticks of a scheduler that has nothing to offer: leases end, then patience, then deferrals fall due.
PAUSES_S = (20.0, 20.0, 60.0, 300.0, 600.0)


@pytest.fixture(autouse=True)
def _compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a worker: a campaign is compiled once, not for each of its batches in hundreds of plays."""
    one = assembler(a_campaign())
    monkeypatch.setattr(sending, "assembler", lambda _: one)


class Sending:
    """Seven people in four batches and two chains: one is deferred, one is refused for good."""

    ordered = False

    def __init__(self, per_slice: int = 2, portion: int = 50) -> None:
        relay = MemoryRelay({person(1): [FULL, OK], person(4): [UNKNOWN]})
        self.world = World(count=7, per_slice=per_slice, portion=portion, relay=relay, until_stored=in_place)
        self.ticks = 0
        self.idle = 0  #: ticks in a row without an offer

    @property
    def taken(self) -> Counter[str]:
        assert isinstance(self.world.relay, MemoryRelay)
        return Counter(mail.recipient for mail in self.world.relay.taken)

    def messages(self) -> Sequence[Message]:
        return [SendBatch(campaign_id="spring", slice=number) for number in (0, 1)]

    async def handle(self, message: SendBatch, life: Life) -> Sequence[Message]:
        await self.world.slices.plan("spring", range(self.world.campaign.slices))
        life.kept.setdefault("name", f"worker-{len(life.calls)}")
        return await mortal(self.world, life).sender(life.kept["name"])(message)

    def time_passes(self) -> None:
        self.world.pass_time(PAUSES_S[min(self.idle, len(PAUSES_S) - 1)])
        self.idle += 1

    async def settle(self, life: Life) -> Sequence[Message]:
        """Ticks until something is offered, or the campaign is over."""
        while self.world.campaigns.stored["spring"].status is CampaignStatus.SENDING:
            self.ticks += 1
            assert self.ticks < MOST_TICKS, "the campaign never ends"
            self.time_passes()
            if offered := await self.scheduler(life).tick():
                self.idle = 0
                return offered
        return []

    def scheduler(self, life: Life) -> Scheduler:
        """One a life: it remembers since when things wait."""
        if "world" not in life.kept:
            life.kept["world"] = mortal(self.world, life)
            life.kept["scheduler"] = life.kept["world"].scheduler("scheduler-1")
        life.kept["world"].now = self.world.now
        scheduler: Scheduler = life.kept["scheduler"]
        return scheduler

    def state(self) -> Any:
        rows = {row.address: str(row.state) for row in self.world.emails.stored.values()}
        return rows, self.taken, set(self.world.suppressions.stored), self.world.campaigns.stored["spring"].status


class SendingInPortions(Sending):
    """The same people in two batches, of which each portion is begun by itself."""

    def __init__(self) -> None:
        super().__init__(per_slice=4, portion=2)


def only_doubts_differ(undisturbed: Any, disturbed: Any, most: int) -> bool:
    """Nobody twice, nobody lost, the campaign at its end; so many rows may be in doubt, sent or not."""
    rows, _, suppressed, status = undisturbed
    rows_then, taken_then, suppressed_then, status_then = disturbed
    doubtful = {address for address, state in rows_then.items() if state == EmailState.IN_DOUBT}
    told = {address: state for address, state in rows_then.items() if address not in doubtful}
    return (
        status_then is status
        and len(doubtful) <= most
        and all(rows[address] == state for address, state in told.items())
        and all(count == 1 for count in taken_then.values())
        and all(taken_then[address] == (state == EmailState.SENT) for address, state in told.items())
        and suppressed_then <= suppressed
    )


@pytest.mark.parametrize("way", [Way.DIES_BEFORE, Way.DIES_AFTER])
async def test_a_death_at_any_call_mails_nobody_twice_and_leaves_at_most_the_batch_in_hand_in_doubt(way: Way) -> None:
    """X1, X2."""
    assert await differences(Sending, way, lambda one, other, _: only_doubts_differ(one, other, most=2)) == []


@pytest.mark.parametrize("way", [Way.DIES_BEFORE, Way.DIES_AFTER])
async def test_a_death_at_any_call_between_portions_mails_nobody_twice_and_forgets_nobody(way: Way) -> None:
    same: Callable[[Any, Any, str], bool] = lambda one, other, _: only_doubts_differ(one, other, most=4)  # noqa: E731
    assert await differences(SendingInPortions, way, same) == []


@pytest.mark.parametrize("play", [Sending, SendingInPortions])
@pytest.mark.parametrize("way", [Way.FAILS_BEFORE, Way.FAILS_AFTER])
async def test_servers_that_do_not_answer_leave_no_doubt_but_for_the_relays(way: Way, play: type[Sending]) -> None:
    """What the relay said is stored in the end (contracts.md, slices and kills); what it did not say, nobody knows."""

    def same(undisturbed: Any, disturbed: Any, name: str) -> bool:
        return only_doubts_differ(undisturbed, disturbed, most=int(name == "relay.deliver"))

    assert await differences(play, way, same) == []


async def test_a_worker_that_dies_before_it_begins_leaves_no_doubt() -> None:
    begins = (await played(Sending())).calls.index("slices.start")
    for at in range(begins + 1):
        play = Sending()
        await played(play, Fault(at, Way.DIES_BEFORE))
        assert EmailState.IN_DOUBT not in play.world.states, at


Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["deliver", "deliver", "deliver", "tick", "wait", "die"]), st.integers(0, 5), st.integers(0, 1)
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
async def test_whatever_comes_again_in_whatever_order_mails_nobody_twice(steps: list[Step]) -> None:
    """Batches repeated and reordered among two workers that die now and then, between ticks of two schedulers."""
    play = Sending()
    world = play.world
    await world.planned()
    for what, number, who in steps:
        life = Life((Fault(number, Way.DIES_AFTER),)) if what == "die" else Life()
        if what == "wait":
            world.pass_time(20.0 * number)
        elif what == "tick":
            await world.scheduler(f"scheduler-{who}").tick()
        else:
            await tried(world, life, number, f"worker-{who}-{len(play.taken)}-{what}")
        assert all(count == 1 for count in play.taken.values())
    await played(play)
    assert (await world.emails.books("spring", world.count)).closed
    assert all(count == 1 for count in play.taken.values())


async def tried(world: World, life: Life, number: int, owner: str) -> None:
    """One delivery, whether it works or not; a batch that does not exist is none."""
    if number >= world.campaign.slices:
        return
    try:
        await mortal(world, life).sender(owner)(SendBatch(campaign_id="spring", slice=number))
    except (Died, Transient):
        return


async def test_a_batch_whose_workers_die_one_after_the_other_is_still_sent_once() -> None:
    """Four deaths, each a step further into the batch that the one before left."""
    play = Sending()
    await play.world.planned()
    for at in (3, 6, 8, 11):
        await tried(play.world, Life((Fault(at, Way.DIES_BEFORE),)), 0, f"worker-{at}")
        play.world.pass_time(200)
    await played(play)
    assert (await play.world.emails.books("spring", 7)).closed
    assert all(count == 1 for count in play.taken.values())
