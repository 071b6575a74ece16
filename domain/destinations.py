"""Where a mail goes: the big mailbox providers slow a sender down as one, everybody else for themselves."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache


class DestinationGroup(StrEnum):
    """Whose servers take the mail, told by the recipient's domain. The MX would tell more; a relay does not show it."""

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


@lru_cache(maxsize=10_000)  # asked for every mail
def throttles_of(domain: str) -> tuple[str, ...]:
    """The throttles that a mail to this domain passes. The last one slows down when its servers ask for it.

    A small domain that asks is slowed down alone: it says nothing of the others.
    """
    group = group_of(domain)
    whole = f"group:{group}"
    return (whole, f"domain:{domain}") if group is DestinationGroup.OTHER else (whole,)
