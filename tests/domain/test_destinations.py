"""Which provider takes the mail: by the recipient's domain, or by its mail servers."""

from __future__ import annotations

import pytest

from domain.destinations import DestinationGroup, group_of, group_of_hosts, throttles_of


@pytest.mark.parametrize(
    ("host", "group"),
    [
        ("aspmx.l.google.com", DestinationGroup.GOOGLE),
        ("smtp.google.com.", DestinationGroup.GOOGLE),
        ("ASPMX2.GOOGLEMAIL.COM", DestinationGroup.GOOGLE),
        ("gmail-smtp-in.l.google.com", DestinationGroup.GOOGLE),
        ("contoso-com.mail.protection.outlook.com", DestinationGroup.OUTLOOK),
        ("contoso-com.a-v1.mx.microsoft", DestinationGroup.OUTLOOK),
        ("outlook-com.olc.protection.outlook.com", DestinationGroup.OUTLOOK),
        ("mta5.am0.yahoodns.net", DestinationGroup.YAHOO),
        ("mx01.mail.icloud.com", DestinationGroup.APPLE),
        ("mail.shop.example", DestinationGroup.OTHER),
        ("aspmx.l.google.com.evil.example", DestinationGroup.OTHER),
        ("notgoogle.com", DestinationGroup.OTHER),
        ("", DestinationGroup.OTHER),
    ],
)
def test_a_mail_server_is_told_by_how_its_name_ends(host: str, group: DestinationGroup) -> None:
    assert group_of_hosts([host]) is group


def test_without_mail_servers_it_is_somebody_else() -> None:
    assert group_of_hosts([]) is DestinationGroup.OTHER


@pytest.mark.parametrize(
    ("domain", "group"), [("gmail.com", "google"), ("hotmail.fr", "outlook"), ("x.example", "other")]
)
def test_a_consumer_domain_is_told_by_its_name(domain: str, group: str) -> None:
    assert group_of(domain) == group


def test_a_known_provider_counts_whatever_the_domain() -> None:
    assert throttles_of("x.example", DestinationGroup.GOOGLE) == ("group:google",)
    assert throttles_of("x.example") == ("group:other", "domain:x.example")
