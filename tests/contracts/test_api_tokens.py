"""One suite over the bearer tokens in memory and in MongoDB."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import pytest

from domain.api_token import ALL, ApiToken
from repositories.tokens import MongoApiTokens
from tests.builders import NOW, later
from tests.fakes.tokens import MemoryApiTokens

AnyTokens: TypeAlias = MemoryApiTokens | MongoApiTokens
CRM = ApiToken("0a0a0a0a0a0a", "crm", frozenset({"record-changed", "delivery-event"}), "ab" * 32, NOW)


@pytest.fixture(params=["memory", "mongo"])
def tokens(request: pytest.FixtureRequest) -> AnyTokens:
    if request.param == "memory":
        return MemoryApiTokens()
    return MongoApiTokens(request.getfixturevalue("mongo_database"))


async def test_tokens_are_found_listed_and_revoked_once(tokens: AnyTokens) -> None:
    shop = replace(CRM, id="0b0b0b0b0b0b", name="shop", scopes=frozenset({ALL}), created_at=later(5))
    for token in (shop, CRM, replace(CRM, name="an impostor")):
        await tokens.add(token)
    assert await tokens.find(CRM.id) == CRM
    assert await tokens.find("0c0c0c0c0c0c") is None
    assert await tokens.all() == [CRM, shop]
    assert await tokens.revoke(CRM.id, later(7))
    assert await tokens.revoke(CRM.id, later(9)), "a repeat changes nothing"
    assert await tokens.find(CRM.id) == replace(CRM, revoked_at=later(7))
    assert not await tokens.revoke("0c0c0c0c0c0c", later(9))
