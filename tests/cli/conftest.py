"""Tests here configure the logs of their process."""

from collections.abc import Iterator

import pytest

from tests.quiet_logs import logs_as_before


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    with logs_as_before():
        yield
