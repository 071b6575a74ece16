"""A server that is asked whether it is there."""

import asyncio
from collections.abc import Callable

from domain.errors import StoreUnavailable
from tests.waiting import LONGEST_S
from workers import watched
from workers.watched import Watched


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONGEST_S):
        while not condition():
            await asyncio.sleep(0)


async def test_what_is_wrong_is_said_until_it_is_mended() -> None:
    answers = [StoreUnavailable("MongoDB does not answer: no primary")] * 3

    async def ask() -> None:
        if answers:
            raise answers.pop()

    store = Watched("MongoDB", ask, every_s=0.001)
    assert store.missing() == ["MongoDB: not asked yet"]
    running = asyncio.create_task(store.run())
    await until(lambda: store.missing() == ["MongoDB: MongoDB does not answer: no primary"])
    await until(lambda: store.missing() == [])
    await store.stop()
    await asyncio.wait_for(running, LONGEST_S)


async def test_a_question_without_an_answer_is_one_and_stops_nobody() -> None:
    store = Watched("MongoDB", asyncio.Event().wait, every_s=-watched.SILENT_S)
    running = asyncio.create_task(store.run())
    await until(lambda: all(each.startswith("MongoDB: no answer for ") for each in store.missing()))
    await store.stop()
    await asyncio.wait_for(running, LONGEST_S)
