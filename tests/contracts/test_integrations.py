"""One suite over whether the CRM is linked, in memory and in MongoDB."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import pytest

from domain.errors import Conflict
from domain.integration import Integration, IntegrationState
from repositories.integrations import MongoIntegrations
from tests.builders import NOW, later
from tests.fakes.integrations import MemoryIntegrations

AnyIntegrations: TypeAlias = MemoryIntegrations | MongoIntegrations


@pytest.fixture(params=["memory", "mongo"])
def integrations(request: pytest.FixtureRequest) -> AnyIntegrations:
    if request.param == "memory":
        return MemoryIntegrations()
    return MongoIntegrations(request.getfixturevalue("mongo_database"))


async def test_it_is_active_from_the_beginning(integrations: AnyIntegrations) -> None:
    assert await integrations.get() == Integration()


async def test_what_is_saved_is_loaded_one_revision_on(integrations: AnyIntegrations) -> None:
    left = Integration(
        IntegrationState.DISABLED, NOW, "Ann", "r1", NOW, later(1), later(2), answered=("r0", "r1")
    )  # fmt: skip
    assert await integrations.save(left) == replace(left, revision=1)
    assert await integrations.get() == replace(left, revision=1)


async def test_of_two_who_read_the_same_one_saves(integrations: AnyIntegrations) -> None:
    for by in ("Ann", "Bob"):
        known = await integrations.get()
        await integrations.save(replace(known, by=by))
        with pytest.raises(Conflict):
            await integrations.save(replace(known, by="Eve"))
        assert (await integrations.get()).by == by
