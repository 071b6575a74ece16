"""When a campaign is sent that goes out at one time of day, wherever its readers live (D7).

A local time is a date and a time without a zone, such as 2026-12-01T09:00. What the clocks of a zone do with it:
- They skip it (spring): it is taken by the offset before the change, so that 02:30 is sent at 03:30 (RFC 5545, 3.3.5).
- They show it twice (autumn): the first of the two counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from domain.errors import InvalidDefinition
from domain.values import Value

ZONE_FIELD = "time_zone"  #: the contact field that says where somebody lives, by a name of the IANA database
#: What every zone can reckon with, a day to either side included.
EARLIEST, LATEST = datetime.fromisoformat("1970-01-02"), datetime.fromisoformat("9999-01-01")
NO_ZONE = ""  #: of people of whom no zone is known


@dataclass(frozen=True, slots=True)
class SendTimes:
    """When the people of each zone get a campaign; aware, UTC."""

    otherwise: datetime  #: those whose zone is not known, which is NO_ZONE
    by_zone: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def first(self) -> datetime:
        return min(self.by_zone.values(), default=self.otherwise)

    @property
    def last(self) -> datetime:
        return max(self.by_zone.values(), default=self.otherwise)

    @property
    def zones_by_time(self) -> Mapping[datetime, Sequence[str]]:
        """The zones that come to it together, the earliest first: there are hundreds of names, and few times."""
        together: dict[datetime, list[str]] = defaultdict(list)
        for zone, at in sorted(self.by_zone.items(), key=lambda entry: (entry[1], entry[0])):
            together[at].append(zone)
        return together


@lru_cache(maxsize=1)
def _names() -> Mapping[str, str]:
    """Every zone by its name in lower case. "localtime" and the like are the machine's, not the person's."""
    return {name.lower(): name for name in available_timezones() if name != "localtime"}


def zone_of(said: Value) -> str | None:
    """The zone that a contact's `time_zone` names, as the database spells it; None for anything else."""
    return _names().get(str(said).strip().lower()) if said is not None else None


def local_time(text: str) -> datetime:
    """A local time, without a zone.

    Raises:
        InvalidDefinition: it is no date and time, or names a zone or an offset.
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidDefinition(f"{text!r} is no local time; write one such as 2026-12-01T09:00") from error
    if not EARLIEST <= found.replace(tzinfo=None) < LATEST:
        raise InvalidDefinition(f"{text!r} is not between {EARLIEST:%Y} and {LATEST:%Y}")
    if found.tzinfo is not None:
        raise InvalidDefinition(f"{text!r} names a zone; a local time is that of each recipient: leave the zone out")
    return found


def moment(local: datetime, zone: str) -> datetime:
    """When it is that time in the zone; aware, UTC."""
    return local.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def times(local: datetime, zones: Iterable[str], otherwise: str) -> SendTimes:
    """When each of the zones comes to that time; `otherwise` stands in for NO_ZONE."""
    return SendTimes(moment(local, otherwise), {zone: moment(local, zone or otherwise) for zone in zones})
