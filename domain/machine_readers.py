"""Opens and clicks that are no person's: privacy proxies, prefetching, scanners. All are kept; these are counted apart.

The thresholds are ours, after what others practise; a machine that looks like a person passes for one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

SOON_S = 10  #: after the relay took the mail; people have not even seen it by then
LINKS, LINKS_S = 3, 5.0  #: so many links of one mail within so long
PEOPLE, PEOPLE_S = 10, 10.0  #: one address clicks for so many people within so long

#: What says of itself that it is a program. Mail scanners seldom do; link checkers and previews do.
_ROBOT = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|scan|preview|fetch|check|monitor|headless|phantom|curl/|wget/|python|java/|go-http"
    r"|okhttp|libwww|httpclient|axios|node|ruby|perl|barracuda|proofpoint|mimecast|symantec|trend ?micro|sophos|forti"
    r"|zscaler|urldefense|safelinks|facebookexternalhit|whatsapp|slack|telegram|skype|linkexpander",
    re.I,
)
#: Gmail's and Yahoo's image proxies ask when a person opens the mail, mostly.
_PROXY = re.compile(r"GoogleImageProxy|ggpht\.com|YahooMailProxy", re.I)
#: Programs that are remembered: to look for all these words in a name takes longer than all else that an open needs.
_REMEMBERED = 4096
_READ = 1024  #: characters of a name
_APPLE = "Mozilla/5.0"  #: all that Apple's Mail Privacy Protection says of itself


class MachineSign(StrEnum):
    """What gave a machine away."""

    HEAD = "head"
    NAMELESS = "nameless"
    ROBOT = "robot"
    APPLE_MPP = "apple_mpp"  #: loaded for the reader in advance, read or not
    PREFETCHED = "prefetched"  #: by an image proxy, before a person can have opened the mail
    TOO_SOON = "too_soon"
    MANY_LINKS = "many_links"
    MANY_PEOPLE = "many_people"


@dataclass(frozen=True, slots=True)
class Visit:
    """Something of a mail was asked for."""

    is_click: bool
    method: str
    user_agent: str
    after_s: float | None = None  #: since the relay took the mail; None: not known, or long ago
    links: int = 1  #: different links of the mail that were asked for within `LINKS_S`, with this one
    people: int = 1  #: whose links the same address asked for within `PEOPLE_S`

    @property
    def depends_on_time(self) -> bool:
        """Whether `after_s` makes a difference."""
        return self.is_click or _is_proxy(self.user_agent[:_READ])


def machine_sign(visit: Visit) -> MachineSign | None:
    """What shows that it was no person, or None."""
    return _told(visit.method, visit.user_agent[:_READ], visit.is_click) or _shown(visit)


@lru_cache(maxsize=_REMEMBERED)
def _is_proxy(user_agent: str) -> bool:
    return bool(_PROXY.search(user_agent))


def _is_robot(user_agent: str) -> bool:
    return bool(_ROBOT.search(user_agent)) and not _is_proxy(user_agent)


@lru_cache(maxsize=_REMEMBERED)
def _told(method: str, user_agent: str, is_click: bool) -> MachineSign | None:
    """What it says of itself."""
    if method == "HEAD":
        return MachineSign.HEAD
    if not user_agent.strip():
        return MachineSign.NAMELESS
    if _is_robot(user_agent):
        return MachineSign.ROBOT
    return MachineSign.APPLE_MPP if not is_click and user_agent.strip() == _APPLE else None


def _shown(visit: Visit) -> MachineSign | None:
    """What it does."""
    is_soon = visit.after_s is not None and visit.after_s < SOON_S
    if is_soon and _is_proxy(visit.user_agent[:_READ]):
        return MachineSign.PREFETCHED
    if not visit.is_click:
        return None
    if is_soon:
        return MachineSign.TOO_SOON
    if visit.links >= LINKS:
        return MachineSign.MANY_LINKS
    return MachineSign.MANY_PEOPLE if visit.people >= PEOPLE else None
