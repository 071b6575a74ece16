"""Fixtures of the tests that run the whole product."""

from __future__ import annotations

import pytest


@pytest.fixture
def deployment(amqp_url: str, mongo_url: str, database_name: str) -> dict[str, str]:
    """The settings that name this test's own virtual host and database."""
    return {
        "CAMPAIGNS_AMQP__URL": amqp_url,
        "CAMPAIGNS_MONGO__URL": mongo_url,
        "CAMPAIGNS_MONGO__DATABASE": database_name,
    }
