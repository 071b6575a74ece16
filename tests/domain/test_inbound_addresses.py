"""Our own signed addresses: what they name, and what they refuse."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.inbound_addresses import Accepted, InboundAddress, Purpose, address_for, bounce_address, parsed
from domain.tracking import SigningKey, SigningKeys, campaign_hint
from tests.builders import an_email

KEYS = SigningKeys((SigningKey(0, b"a-signing-key-for-tests"),))
TWO_KEYS = SigningKeys((SigningKey(1, b"a-newer-signing-key-for-tests"), *KEYS.keys))
EMAIL = an_email().id
ACCEPTED = Accepted(KEYS)


def of(purpose: Purpose, email: str = EMAIL, keys: SigningKeys = KEYS) -> InboundAddress:
    found = parsed(address_for(purpose, email, "bounces.example", keys))
    assert found is not None
    return found


@pytest.mark.parametrize("purpose", Purpose)
def test_an_address_names_its_email_and_its_purpose(purpose: Purpose) -> None:
    found = of(purpose)
    assert (found.purpose, found.domain, found.hint) == (purpose, "bounces.example", campaign_hint("spring"))
    assert ACCEPTED.email_of(found, ["winter", "spring"]) == EMAIL


def test_the_bounce_address_is_the_envelope_sender_of_what_we_send() -> None:
    assert bounce_address(EMAIL, "bounces.example", KEYS) == address_for(Purpose.BOUNCE, EMAIL, "bounces.example", KEYS)


def test_case_and_brackets_change_nothing() -> None:
    text = address_for(Purpose.BOUNCE, EMAIL, "bounces.example", KEYS)
    assert parsed(f"<{text.upper()}>") == parsed(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "b@bounces.example",
        "b+abc@bounces.example",
        "x+" + "a" * 48 + "@b.example",
        "b+" + "a" * 48,
        "b+" + "1" * 48 + "@b.example",
        "b+" + "a" * 53 + "@b.example",
    ],
)
def test_what_has_another_shape_is_none_of_ours(text: str) -> None:
    assert parsed(text) is None


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("other", Purpose)
def test_a_token_of_one_purpose_is_worthless_as_another(purpose: Purpose, other: Purpose) -> None:
    moved = InboundAddress(other, of(purpose).token, "bounces.example")
    assert (ACCEPTED.email_of(moved, ["spring"]) == EMAIL) is (purpose is other)


def test_a_token_of_another_campaign_is_refused() -> None:
    assert ACCEPTED.email_of(of(Purpose.BOUNCE), ["winter"]) is None


@given(st.integers(0, 0xFFFF), st.integers(0, 8 * 32 - 1))
@settings(max_examples=60, deadline=None)
def test_a_token_altered_by_one_bit_is_refused(occurrence: int, bit: int) -> None:
    email = an_email(occurrence=occurrence).id
    token = of(Purpose.BOUNCE, email).token
    raw = bytearray(base64.b32decode(token.upper() + "=" * (-len(token) % 8)))
    raw[bit // 8 % len(raw)] ^= 1 << bit % 8
    altered = base64.b32encode(raw).decode().rstrip("=").lower()
    assert ACCEPTED.email_of(InboundAddress(Purpose.BOUNCE, altered, "b.example"), ["spring"]) is None


def test_a_token_has_exactly_one_spelling() -> None:
    """31 bytes leave two bits of the last character unused: they count too."""
    token = of(Purpose.BOUNCE, an_email(occurrence=7).id).token
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    accepted = [
        last
        for last in letters
        if ACCEPTED.email_of(InboundAddress(Purpose.BOUNCE, token[:-1] + last, "b.example"), ["spring"])
    ]
    assert accepted == [token[-1]]


def test_a_new_key_signs_and_the_old_ones_are_believed() -> None:
    accepted = Accepted(TWO_KEYS)
    assert accepted.email_of(of(Purpose.BOUNCE), ["spring"]) == EMAIL
    assert accepted.email_of(of(Purpose.BOUNCE, keys=TWO_KEYS), ["spring"]) == EMAIL
    assert ACCEPTED.email_of(of(Purpose.BOUNCE, keys=TWO_KEYS), ["spring"]) is None, "a key that nobody has"


@pytest.mark.parametrize(("purpose", "believed"), [(p, p is Purpose.UNSUBSCRIBE) for p in Purpose])
def test_old_keys_expire_for_everything_but_ways_out(purpose: Purpose, believed: bool) -> None:
    accepted = Accepted(TWO_KEYS, recent_keys=1)
    assert (accepted.email_of(of(purpose), ["spring"]) == EMAIL) is believed
    assert accepted.email_of(of(purpose, keys=TWO_KEYS), ["spring"]) == EMAIL
