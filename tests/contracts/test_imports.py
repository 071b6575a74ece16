"""One suite over the imports in memory and in MongoDB."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import pytest

from domain.imports import ImportJob
from repositories.imports import MongoImports
from tests.builders import NOW, later
from tests.fakes.imports import MemoryImports

AnyImports: TypeAlias = MemoryImports | MongoImports


@pytest.fixture(params=["memory", "mongo"])
def imports(request: pytest.FixtureRequest) -> AnyImports:
    if request.param == "memory":
        return MemoryImports()
    return MongoImports(request.getfixturevalue("mongo_database"))


def a_job(import_id: str = "people-1", seconds: float = 0) -> ImportJob:
    return ImportJob(import_id, "list:news", "people.csv", later(seconds))


async def test_one_that_is_under_way_stays_as_it_is(imports: AnyImports) -> None:
    job = await imports.begin(a_job())
    assert job == a_job()
    done = job.after(500, 7, {"new": 499, "refused.no_email": 1})
    assert await imports.advance(job, done)
    assert await imports.begin(a_job(seconds=60)) == done
    assert await imports.get("people-1") == done


async def test_one_that_has_ended_begins_anew(imports: AnyImports) -> None:
    job = await imports.begin(a_job())
    await imports.advance(job, job.after(500, 7, {"new": 500}))
    await imports.end(job.id, later(30))
    assert await imports.begin(a_job(seconds=60)) == a_job(seconds=60)


async def test_one_that_is_under_way_begins_anew_when_that_is_asked_for(imports: AnyImports) -> None:
    job = await imports.begin(a_job())
    await imports.advance(job, job.after(500, 7, {"new": 500}))
    assert await imports.begin(a_job(seconds=60), anew=True) == a_job(seconds=60)


async def test_of_two_that_do_the_same_one_is_stopped(imports: AnyImports) -> None:
    job = await imports.begin(a_job())
    assert await imports.advance(job, job.after(500, 0, {}))
    assert not await imports.advance(job, job.after(500, 0, {}))


async def test_it_ends_once_and_goes_no_further(imports: AnyImports) -> None:
    job = await imports.begin(a_job())
    await imports.end(job.id, later(30))
    await imports.end(job.id, later(60))
    assert await imports.get(job.id) == replace(job, ended_at=later(30))
    assert not await imports.advance(job, job.after(1, 0, {}))


async def test_the_newest_come_first(imports: AnyImports) -> None:
    for job in (a_job("b", 5), a_job("a", 5), a_job("c", 9)):
        await imports.begin(job)
    assert [job.id for job in await imports.latest()] == ["c", "a", "b"]
    assert [job.id for job in await imports.latest(limit=1)] == ["c"]
    assert await imports.get("nothing") is None
    assert a_job().started_at == NOW
