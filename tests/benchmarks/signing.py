"""DKIM for a benchmark: a key of the newsletter's domain, and the settings with which workers sign."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from domain.dkim_key import KeyName
from tests.benchmarks.house import House
from tests.benchmarks.measured import Run
from tests.benchmarks.newsletter import campaign
from tests.domain.dkim_world import pem


def signing(house: House) -> dict[str, str]:
    """Settings, without CAMPAIGNS_, of workers that sign with a new RSA key of 2048 bits."""
    directory = house.directory / "dkim"
    directory.mkdir(exist_ok=True)
    name = KeyName("s1", campaign("any", 1, 1).sender.domain)
    (directory / f"{name.record}.pem").write_bytes(pem())
    return {"DKIM__DIRECTORY": str(directory)}


def share(plain: Sequence[Run], signed: Sequence[Run]) -> str:
    """What signing takes of a worker's processor time, in words."""
    without, with_ = (statistics.median(run.cpu_us for run in runs) for runs in (plain, signed))
    return f"{with_ - without:,.0f} of {with_:,.0f} µs of CPU per email, {(with_ - without) / with_:.0%}"
