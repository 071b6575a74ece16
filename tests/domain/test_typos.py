"""Slips in domains: a suggestion for people, where one is likely."""

import pytest

from domain.typos import suggested_address, suggested_domain


@pytest.mark.parametrize(
    ("domain", "meant"),
    [
        ("gnail.com", "gmail.com"), ("gmial.com", "gmail.com"), ("gamil.com", "gmail.com"),
        ("gmail.con", "gmail.com"), ("gmail.co", "gmail.com"), ("gmaill.com", "gmail.com"),
        ("hotmial.com", "hotmail.com"), ("outlok.com", "outlook.com"), ("outlook.cmo", "outlook.com"),
        ("iclod.com", "icloud.com"),
    ],
)  # fmt: skip
def test_a_slip_is_recognised(domain: str, meant: str) -> None:
    assert suggested_domain(domain) == meant


@pytest.mark.parametrize(
    "domain", ["gmail.com", "mail.com", "ymail.com", "gmx.com", "acme.com", "google.com", "me.com"]
)
def test_what_is_a_domain_of_its_own_is_left_alone(domain: str) -> None:
    assert suggested_domain(domain) is None


def test_the_local_part_stays_as_it_was_given() -> None:
    assert suggested_address("Ann.Lee@gnail.com") == "Ann.Lee@gmail.com"
    assert suggested_address("ann@acme.com") is None
