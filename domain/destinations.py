"""Where a mail goes: the big mailbox providers slow a sender down as one, everybody else for themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache


class DestinationGroup(StrEnum):
    """Whose servers take the mail, told by the recipient's domain, or by its mail servers where they are looked up."""

    GOOGLE = "google"
    OUTLOOK = "outlook"
    YAHOO = "yahoo"
    APPLE = "apple"
    OTHER = "other"


#: Consumer domains of each provider, as their help pages list them; AOL and AT&T are run by Yahoo.
_DOMAINS: Mapping[DestinationGroup, str] = {
    DestinationGroup.GOOGLE: "gmail.com googlemail.com google.com",
    DestinationGroup.OUTLOOK: (
        "outlook.com hotmail.com live.com msn.com passport.com windowslive.com outlook.de outlook.fr outlook.es"
        " outlook.it outlook.jp hotmail.co.uk hotmail.de hotmail.fr hotmail.es hotmail.it live.co.uk live.de live.fr"
        " live.nl live.it"
    ),
    DestinationGroup.YAHOO: (
        "yahoo.com ymail.com rocketmail.com myyahoo.com yahoo.co.uk yahoo.de yahoo.fr yahoo.es yahoo.it yahoo.ca"
        " yahoo.com.br yahoo.co.in yahoo.in aol.com aol.co.uk aol.de aim.com att.net sbcglobal.net bellsouth.net"
    ),
    DestinationGroup.APPLE: "icloud.com me.com mac.com privaterelay.appleid.com",
}
_GROUPS: Mapping[str, DestinationGroup] = {
    domain: group for group, domains in _DOMAINS.items() for domain in domains.split()
}


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()


def group_of(domain: str) -> DestinationGroup:
    return _GROUPS.get(domain, DestinationGroup.OTHER)


#: How the names of their mail servers end. Google: support.google.com/a/answer/174125; Microsoft: learn.microsoft.com,
#: "External DNS records for Microsoft 365" (mx.microsoft since 2024) and its consumer service (olc); Yahoo and Apple:
#: the MX records of yahoo.com, aol.com and icloud.com. The same table as KumoMTA's shaping.toml ([provider] MXSuffix).
_MX_SUFFIXES: Mapping[DestinationGroup, tuple[str, ...]] = {
    DestinationGroup.GOOGLE: (".google.com", ".googlemail.com"),
    DestinationGroup.OUTLOOK: (".protection.outlook.com", ".mx.microsoft"),
    DestinationGroup.YAHOO: (".yahoodns.net",),
    DestinationGroup.APPLE: (".mail.icloud.com",),
}


def group_of_hosts(hosts: Iterable[str]) -> DestinationGroup:
    """Who runs these mail servers, the first one first: a spare at somebody else's changes nothing."""
    for host in hosts:
        name = "." + host.lower().rstrip(".")
        return next((group for group, ends in _MX_SUFFIXES.items() if name.endswith(ends)), DestinationGroup.OTHER)
    return DestinationGroup.OTHER


@lru_cache(maxsize=10_000)  # asked for every mail
def throttles_of(domain: str, known: DestinationGroup | None = None) -> tuple[str, ...]:
    """The throttles that a mail to this domain passes. The last one slows down when its servers ask for it.

    A small domain that asks is slowed down alone: it says nothing of the others.
    """
    group = known or group_of(domain)
    whole = f"group:{group}"
    return (whole, f"domain:{domain}") if group is DestinationGroup.OTHER else (whole,)
