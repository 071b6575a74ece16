"""`campaigns throttle`: which throttle is meant, and what is shown of it."""

from __future__ import annotations

import pytest
import typer

from cli.throttle import _row, _with_configured, named
from domain.pacing import Pacing
from domain.throttle import Limits, Standing


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("relay", "relay:default"),
        ("google", "group:google"),
        ("group:yahoo", "group:yahoo"),
        ("Example.com", "domain:example.com"),
    ],
)
def test_throttles_are_named_as_people_say_them(text: str, name: str) -> None:
    assert named(text) == name


@pytest.mark.parametrize("text", ["gogle", "anna@example.com", ""])
def test_a_name_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="google, outlook"):
        named(text)


def test_limits_of_the_settings_are_shown_before_anybody_asked_and_small_domains_only_while_held_up() -> None:
    known = [Standing("domain:a.example"), Standing("domain:b.example", rate=2.0)]
    shown = _with_configured(known, Pacing(limits={"relay:default": Limits(50)}))
    assert [each.name for each in shown] == ["domain:b.example", "relay:default"]
    assert _row(shown[0])[1:4] == ("none", False, 2.0)
    assert _row(shown[1])[1:4] == (50, False, 50)
