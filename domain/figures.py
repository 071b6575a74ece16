"""What a campaign's report shows beside its numbers: when people answered, what they clicked, what bounced where."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from domain.destinations import DestinationGroup, group_of


class Step(StrEnum):
    """How wide a bar of the chart over time is."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


MOST_BARS = 60
#: The time that so many bars of each width cover.
_COVERS: Mapping[Step, timedelta] = {
    Step.HOUR: timedelta(hours=MOST_BARS),
    Step.DAY: timedelta(days=MOST_BARS),
    Step.WEEK: timedelta(weeks=MOST_BARS),
}
_PERSON = re.compile(r"[^/?&=#;]*(?:@|%40)[^/?&=#;]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Link:
    url: str  #: without what names a person
    people: int
    clicks: int


@dataclass(frozen=True, slots=True)
class Provider:
    """The people at one mailbox provider, or at one domain."""

    name: str
    sent: int  #: tried: taken, or refused for good
    hard: int = 0
    soft: int = 0
    failed: int = 0

    @property
    def lost(self) -> int:
        return self.hard + self.soft + self.failed


@dataclass(frozen=True, slots=True)
class Figures:
    step: Step = Step.DAY
    #: People by what they did first then ("sent", "opened", "clicked"), by the beginning of each step; only steps in
    #: which anything was done.
    over_time: Mapping[datetime, Mapping[str, int]] = field(default_factory=dict)
    links: Sequence[Link] = ()  #: the most clicked first
    reasons: Mapping[tuple[str, str], int] = field(default_factory=dict)  #: by hard, soft or failed, and Reason
    providers: Sequence[Provider] = ()  #: the largest first


def step_for(first: datetime, last: datetime) -> Step:
    """The narrowest bars of which not too many are needed."""
    return next((step for step, covers in _COVERS.items() if last - first < covers), Step.MONTH)


def by_step(by_hour: Mapping[datetime, Mapping[str, int]], step: Step) -> Mapping[datetime, Mapping[str, int]]:
    """The same counts by the beginning of each step, in order."""
    found: dict[datetime, Counter[str]] = {}
    for hour in sorted(by_hour):
        found.setdefault(_BEGINS[step](hour), Counter()).update(by_hour[hour])
    return found


_BEGINS: Mapping[Step, Callable[[datetime], datetime]] = {
    Step.HOUR: lambda at: at,
    Step.DAY: lambda at: at.replace(hour=0),
    Step.WEEK: lambda at: at.replace(hour=0) - timedelta(days=at.weekday()),
    Step.MONTH: lambda at: at.replace(hour=0, day=1),
}


def without_persons(url: str) -> str:
    """The URL without addresses in it: a report is forwarded."""
    return _PERSON.sub("…", url)


def links_of(clicked: Iterable[tuple[str, int, int]], most: int = 25) -> Sequence[Link]:
    """From (URL, people, clicks) of each URL; those that differ in nothing but a person's address are one.

    Of people who clicked several of those, each counts once per URL.
    """
    people, clicks = Counter[str](), Counter[str]()
    for url, persons, times in clicked:
        people[without_persons(url)] += persons
        clicks[without_persons(url)] += times
    order = sorted(people, key=lambda url: (-people[url], -clicks[url], url))
    return [Link(url, people[url], clicks[url]) for url in order[:most]]


def providers_of(tried: Iterable[tuple[str, str, int]], most: int = 10) -> Sequence[Provider]:
    """From (domain, what became of it: sent, hard, soft or failed, people); small ones are put together."""
    counts: dict[str, Counter[str]] = {}
    for domain, ended, people in tried:
        group = group_of(domain)
        name = _NAMES.get(group) or domain or "no domain"
        counts.setdefault(name, Counter())[ended] += people
    order = sorted(counts, key=lambda name: (-counts[name].total(), name))
    rest = sum((counts[name] for name in order[most:]), Counter[str]())
    found = [_provider(name, counts[name]) for name in order[:most]]
    return [*found, _provider(f"{len(order) - most:,} others", rest)] if rest else found


def _provider(name: str, counts: Counter[str]) -> Provider:
    return Provider(name, counts.total(), counts["hard"], counts["soft"], counts["failed"])


_NAMES: Mapping[DestinationGroup, str] = {
    DestinationGroup.GOOGLE: "Gmail",
    DestinationGroup.OUTLOOK: "Outlook, Hotmail",
    DestinationGroup.YAHOO: "Yahoo, AOL",
    DestinationGroup.APPLE: "iCloud",
}
