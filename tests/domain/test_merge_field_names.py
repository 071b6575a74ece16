"""Merge fields that nothing fills, with what was probably meant (R65)."""

import pytest

from domain.merge_field_names import UnknownField, suggested_field, unknown_fields

KNOWN = frozenset({"email", "first_name", "last_name", "city", "postal_code"})


def test_known_and_reserved_names_are_not_told() -> None:
    assert unknown_fields({"first_name", "unsubscribe_url"}, KNOWN) == []


def test_the_others_are_told_in_order_with_what_was_meant() -> None:
    assert unknown_fields(["vat_number", "fist_name"], KNOWN) == [
        UnknownField("fist_name", "first_name"),
        UnknownField("vat_number", None),
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("FIRST_NAME", "first_name"),
        ("FirstName", "first_name"),
        ("fname", "first_name"),  # Zoho Campaigns and Mailchimp
        ("frist_name", "first_name"),
        ("citty", "city"),
        ("postalcode", "postal_code"),
        ("unsubscribe_link", "unsubscribe_url"),
        ("organization_name", "organisation_name"),
        ("sity", "city"),
        ("pity_me", None),
        ("x", None),
    ],
)
def test_a_slip_is_recognised_and_another_word_is_not(written: str, meant: str | None) -> None:
    assert suggested_field(written, KNOWN) == meant


def test_what_is_called_otherwise_elsewhere_is_only_suggested_where_it_is_there() -> None:
    assert suggested_field("fname", {"city"}) is None
