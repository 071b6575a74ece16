"""Bearer tokens: what is kept of them proves them and gives nothing away."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from domain.api_token import ALL, new_token, token_id
from tests.builders import NOW


def test_a_token_is_proved_by_its_text_until_it_is_revoked() -> None:
    numbers = count(1)
    token, text = new_token("crm", frozenset({"record-changed"}), NOW, lambda size: bytes([next(numbers)]) * size)
    other, another_text = new_token("shop", frozenset({ALL}), NOW, lambda size: bytes([next(numbers)]) * size)
    assert token_id(text) == token.id
    assert token.is_shown_by(text)
    assert not token.is_shown_by(another_text)
    assert not replace(token, revoked_at=NOW).is_shown_by(text)
    assert text.rpartition("_")[2] not in repr(token)
    assert (token.allows("record-changed"), token.allows("send-requested"), other.allows("send-requested")) == (
        True,
        False,
        True,
    )


def test_a_text_of_another_shape_is_no_token() -> None:
    for text in ("", "cgw_0123456789ab_", "cgw_0123456789AB_" + "A" * 43, "cgw_0123456789ab_" + "A" * 44):
        assert token_id(text) is None
