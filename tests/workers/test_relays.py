"""From settings to relays: which there are, how each is spoken to and paced, and who signs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from config.mail import DkimBy, RelaySettings, SmtpSettings
from config.sending import ThrottleSettings
from config.settings import Settings
from domain.throttle import Limits
from gateways.relays import Relays
from gateways.smtp import SmtpRelay, Tls
from tests.domain.dkim_world import pem
from workers import relays
from workers.dkim_keys import dkim_keys
from workers.options import pacing, relay_options
from workers.resources import Resources


def given(**changes: Any) -> Settings:
    return Settings(_env_file=None).model_copy(update=changes)


def two(**of_the_second: Any) -> dict[str, Any]:
    return {
        "smtp": SmtpSettings(host="one.example"),
        "relays": {"two": RelaySettings(host="two.example", **of_the_second)},
    }


def resources(settings: Settings) -> Resources:
    known = {name: SmtpRelay(options) for name, options in relay_options(settings).items()}
    return Resources(settings, cast(Any, None), cast(Any, None), known)


def test_each_relay_is_spoken_to_as_its_settings_say() -> None:
    second = {
        "port": 465,
        "tls": "implicit",
        "idle_timeout_s": 5,
        "local_hostname": "us.example",
        "final_timeout_s": 60,
    }
    found = relay_options(given(**two(**second)))
    assert (found["default"].name, found["two"].name) == ("one.example:587", "two (two.example:465)")
    assert (found["two"].tls, found["two"].idle_timeout_s, found["two"].local_hostname) == (
        Tls.IMPLICIT,
        5,
        "us.example",
    )
    assert (found["two"].timeouts_s.final_s, found["default"].timeouts_s.final_s) == (60, 600)


def test_the_time_limits_are_those_of_rfc_5321_unless_they_are_set() -> None:
    limits = relay_options(given())["default"].timeouts_s
    assert (limits.mail_s, limits.rcpt_s, limits.data_s, limits.final_s) == (300, 300, 120, 600)


def test_each_relay_has_limits_of_its_own_or_those_of_all() -> None:
    throttle = ThrottleSettings(relay_per_s=50, relay_connections=20)
    found = pacing(given(**two(per_s=5), throttle=throttle)).limits
    assert found == {"relay:default": Limits(50, 20), "relay:two": Limits(5, 20)}


def test_one_relay_is_used_as_it_is_and_several_as_one() -> None:
    alone = resources(given(smtp=SmtpSettings(host="one.example")))
    assert relays.plain(alone) is alone.relays["default"]
    assert isinstance(relays.plain(resources(given(**two(weight=3, backup=True)))), Relays)


@pytest.mark.parametrize(
    ("first", "second", "relay_signs", "strips"),
    [
        (DkimBy.ENGINE, DkimBy.ENGINE, False, (False, False)),
        (DkimBy.ENGINE, DkimBy.RELAY, False, (False, True)),
        (DkimBy.RELAY, DkimBy.RELAY, True, (True, True)),
    ],
)
def test_who_signs_is_decided_for_each_relay(
    tmp_path: Path, first: DkimBy, second: DkimBy, relay_signs: bool, strips: tuple[bool, bool]
) -> None:
    (tmp_path / "s1._domainkey.shop.example.pem").write_bytes(pem())
    settings = given(**two(dkim=second))
    settings = settings.model_copy(
        update={
            "smtp": settings.smtp.model_copy(update={"dkim": first}),
            "dkim": settings.dkim.model_copy(update={"directory": tmp_path}),
        }
    )
    keys, options = dkim_keys(settings), relay_options(settings)
    assert (keys.relay_signs, keys.of("shop.example") is None) == (relay_signs, relay_signs)
    assert (options["default"].signs, options["two"].signs) == strips
