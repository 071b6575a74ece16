"""Tokens: short, bound to one email and one purpose, and of no use when altered."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidDefinition
from domain.tracking import (
    Genuine,
    Kind,
    SigningKey,
    SigningKeys,
    bounce_address,
    campaign_hint,
    click_url,
    hint,
    in_address,
    in_url,
    open_url,
    preferences_url,
    read,
    token,
    ways_out,
)

OLD, NEW = SigningKey(3, b"o" * 32), SigningKey(4, b"n" * 32)
KEYS = SigningKeys((NEW, OLD))
CONTACT = "00112233445566778899aabbccddeeff"
EMAIL = f"spring-news:{CONTACT}:0"
CAMPAIGNS = ["autumn", "spring-news"]


def test_a_token_in_an_url_has_40_characters() -> None:
    assert len(in_url(token(Kind.OPEN, EMAIL, KEYS))) == 40


def test_a_token_in_an_address_stays_far_below_the_64_octets_of_a_local_part() -> None:
    local_part, _, domain = bounce_address(f"spring-news:{CONTACT}:65535", "b.shop.example", KEYS).partition("@")
    assert len(local_part) <= 54
    assert domain == "b.shop.example"
    assert len(bounce_address(EMAIL, "b.shop.example", KEYS).partition("@")[0]) == 50


@given(st.binary(min_size=16, max_size=200), st.integers(0, 31), st.sampled_from(Kind))
def test_a_token_is_laid_out_as_ever_and_ends_in_the_hmac_of_the_whole(secret: bytes, key_id: int, kind: Kind) -> None:
    raw = token(kind, EMAIL, SigningKeys((SigningKey(key_id, secret),)))
    body = bytes((key_id << 3 | kind,)) + bytes.fromhex(campaign_hint("spring-news") + CONTACT)
    assert raw == body + hmac.digest(secret, body + b"spring-news", "sha256")[:10]


def test_a_token_of_today_is_read_for_ever() -> None:
    assert in_url(token(Kind.UNSUBSCRIBE, EMAIL, KEYS)) == "I6sBjgARIjNEVWZ3iJmqu8zd7v8qyIU04sO2Bs9v"
    assert in_address(token(Kind.BOUNCE, EMAIL, KEYS)) == "esvqddqacerdgrcvmz3yrgnkxpgn33x74fvndpm6rqzcvew5"


@given(st.sampled_from(Kind), st.integers(0, 65535), st.binary(min_size=16, max_size=16))
def test_a_token_reads_back_in_either_spelling(kind: Kind, occurrence: int, contact: bytes) -> None:
    email = f"spring-news:{contact.hex()}:{occurrence}"
    raw = token(kind, email, KEYS)
    for text in (in_url(raw), in_address(raw), in_address(raw).upper()):
        assert hint(text) == campaign_hint("spring-news")
        assert read(text, KEYS, CAMPAIGNS) == Genuine(kind, email)


@given(st.integers(0, 30 * 8 - 1))
def test_a_token_with_one_bit_changed_is_refused(bit: int) -> None:
    raw = bytearray(token(Kind.UNSUBSCRIBE, EMAIL, KEYS))
    raw[bit // 8] ^= 1 << bit % 8
    assert read(in_url(bytes(raw)), KEYS, CAMPAIGNS) is None


@pytest.mark.parametrize("text", ["", "x", "A" * 40, "é" * 40, "A" * 39, "a" * 48, "=" * 40, "A" * 5000, "\x00" * 40])
def test_what_is_no_token_is_refused(text: str) -> None:
    assert read(text, KEYS, CAMPAIGNS) is None


def test_a_token_of_another_campaign_is_refused_even_if_they_share_the_hint() -> None:
    assert read(in_url(token(Kind.OPEN, EMAIL, KEYS)), KEYS, ["autumn"]) is None


def test_an_open_token_does_not_unsubscribe() -> None:
    genuine = read(in_url(token(Kind.OPEN, EMAIL, KEYS)), KEYS, CAMPAIGNS)
    assert genuine is not None
    assert genuine.kind is not Kind.UNSUBSCRIBE


def test_the_newest_key_signs_and_older_ones_are_still_accepted() -> None:
    signed_before = in_url(token(Kind.UNSUBSCRIBE, EMAIL, SigningKeys((OLD,))))
    assert signed_before != in_url(token(Kind.UNSUBSCRIBE, EMAIL, KEYS))
    assert read(signed_before, KEYS, CAMPAIGNS) == Genuine(Kind.UNSUBSCRIBE, EMAIL)


def test_a_token_of_a_key_that_is_gone_is_refused() -> None:
    assert read(in_url(token(Kind.OPEN, EMAIL, KEYS)), SigningKeys((OLD,)), CAMPAIGNS) is None


def test_addresses_of_one_email_differ_by_purpose_only_in_path_and_token() -> None:
    base = "https://t.shop.example"
    out = ways_out(EMAIL, base, "b.shop.example", KEYS)
    assert out.url.startswith(f"{base}/u/")
    assert out.mailto.startswith("mailto:u+")
    assert out.mailto.endswith("@b.shop.example?subject=unsubscribe")
    assert open_url(EMAIL, base, KEYS).startswith(f"{base}/o/")
    assert click_url(EMAIL, base, KEYS).startswith(f"{base}/c/")
    assert preferences_url(EMAIL, base, KEYS).startswith(f"{base}/p/")


@pytest.mark.parametrize("keys", [(), (OLD, SigningKey(3, b"x" * 32))])
def test_keys_need_different_ids(keys: tuple[SigningKey, ...]) -> None:
    with pytest.raises(InvalidDefinition):
        SigningKeys(keys)


@pytest.mark.parametrize(("key_id", "secret"), [(32, b"x" * 32), (-1, b"x" * 32), (1, b"short")])
def test_a_key_needs_a_small_id_and_a_long_secret(key_id: int, secret: bytes) -> None:
    with pytest.raises(InvalidDefinition):
        SigningKey(key_id, secret)
