"""`campaigns token`: what may be asked for, and that a hash is never shown."""

from __future__ import annotations

import pytest
import typer

from cli.token import _name, _row, _scopes, _view
from domain.api_token import ALL, ApiToken
from tests.builders import NOW

TOKEN = ApiToken("0a0a0a0a0a0a", "crm", frozenset({"record-changed", "delivery-event"}), "ab" * 32, NOW)


def test_scopes_are_message_types_or_all() -> None:
    assert _scopes(["record-changed", "delivery-event"]) == TOKEN.scopes
    assert _scopes([ALL]) == {ALL}


@pytest.mark.parametrize("scopes", [[], ["record-change"], ["message-refused"], [ALL, "x"]])
def test_a_scope_that_is_none_is_refused_and_the_good_ones_are_named(scopes: list[str]) -> None:
    with pytest.raises(typer.BadParameter, match="record-changed"):
        _scopes(scopes)


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb"])
def test_a_name_says_who_it_is(name: str) -> None:
    with pytest.raises(typer.BadParameter):
        _name(name)


def test_what_is_shown_of_a_token_has_no_hash() -> None:
    assert _row(TOKEN)[:3] == ("0a0a0a0a0a0a", "crm", "delivery-event, record-changed")
    assert "digest" not in _view(TOKEN)
