"""Autoresponders: series of messages that people go through one by one (R78, R83-R85).

A series is the parent campaign, each of its messages a child campaign, which stays `sending` while the series runs.
A person's way through it is an entry. What is due when: series_steps.py, series_times.py. What a definition must not
say: series_check.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from enum import StrEnum

from domain.campaign import DEFAULT_TOPIC, Purpose
from domain.errors import IllegalTransition

#: The part of an occurrence that tells one entry from the next; below it is the year of a yearly message.
_PER_ENTRY = 10_000


class SeriesStatus(StrEnum):
    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"  #: nobody enters, and no message falls due
    CANCELLED = "cancelled"  #: given up as a draft: nobody ever entered
    STOPPED = "stopped"  #: ended for good; whoever was on the way gets nothing more
    OFFLINE = "offline"  #: the integration was deactivated


_S = SeriesStatus
SERIES_NEXT: Mapping[SeriesStatus, frozenset[SeriesStatus]] = {
    _S.DRAFT: frozenset({_S.RUNNING, _S.CANCELLED, _S.OFFLINE}),
    _S.CANCELLED: frozenset({_S.OFFLINE}),
    _S.RUNNING: frozenset({_S.PAUSED, _S.STOPPED, _S.OFFLINE}),
    _S.PAUSED: frozenset({_S.RUNNING, _S.STOPPED, _S.OFFLINE}),
    _S.STOPPED: frozenset({_S.OFFLINE}),
    _S.OFFLINE: frozenset(),
}
#: Those whose messages belong to a series that has begun and may go on.
GOES_ON = frozenset({_S.RUNNING, _S.PAUSED})
#: Those that somebody ended, and their messages with them.
ENDED = frozenset({_S.STOPPED, _S.CANCELLED})


class TriggerKind(StrEnum):
    """What makes a message due."""

    JOINED = "joined"  #: somebody came to be on the list
    DATE = "date"  #: a date that a field of the person says
    OPENED = "opened"  #: an earlier message was opened, by a person
    CLICKED = "clicked"  #: a link of it was followed, by a person
    NOT_OPENED = "not_opened"  #: it was sent, and nobody opened it in time


#: They look at what became of an earlier message.
RESPONSES = frozenset({TriggerKind.OPENED, TriggerKind.CLICKED, TriggerKind.NOT_OPENED})


@dataclass(frozen=True, slots=True)
class Trigger:
    kind: TriggerKind
    field: str | None = None  #: of a date: the contact field that says it
    yearly: bool = False  #: of a date: on its day of every year, not once
    offset_days: int = 0  #: of a date: so many days after it, or before it where negative
    at: time | None = None  #: of a date: the hour where the person lives; None: midnight
    message: str | None = None  #: of a response: the key of the earlier message
    within_days: int | None = None  #: of a response: how long after that was sent it counts


class DelayUnit(StrEnum):
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"


@dataclass(frozen=True, slots=True)
class Delay:
    """How long after its trigger a message is due. Days and longer are those of the person's calendar."""

    amount: int = 0
    unit: DelayUnit = DelayUnit.DAYS


NO_DELAY = Delay()


@dataclass(frozen=True, slots=True)
class Window:
    """When a message may go out, where the person lives. What falls due outside waits until it opens."""

    weekdays: frozenset[int]  #: 0 is Monday
    opens: time = time(0)
    closes: time = time(0)  #: not itself; midnight is the end of the day


@dataclass(frozen=True, slots=True)
class Step:
    """One message of a series."""

    key: str  #: names it within the series
    campaign_id: str  #: its child campaign: see `child_id`
    trigger: Trigger
    delay: Delay = NO_DELAY
    window: Window | None = None
    #: when it was added to a series that ran already: who had come past its time by then does not get it
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Series:
    id: str
    name: str
    list_id: str
    status: SeriesStatus = SeriesStatus.DRAFT
    topic: str = DEFAULT_TOPIC
    purpose: Purpose = Purpose.WELCOME
    reentry: bool = False  #: whether who leaves the list and joins it again goes through it once more
    existing_members: bool = False  #: whether those who were on the list when it started enter too
    steps: tuple[Step, ...] = ()
    taken_out: tuple[str, ...] = ()  #: keys of messages that it had: their campaigns end, and the keys do not come back
    started_at: datetime | None = None  #: for the first time
    status_reason: str | None = None
    status_at: datetime | None = None
    source_order: int | None = None  #: of the newest document that an upstream saved; see `domain.record.order_of`
    author: str | None = None
    created_at: datetime | None = None
    revision: int = 0

    def moved_to(self, status: SeriesStatus, reason: str | None = None, *, at: datetime | None = None) -> Series:
        """The same series in `status`, since `at`.

        Raises:
            IllegalTransition: `status` does not follow the current one in `SERIES_NEXT`.
        """
        if status not in SERIES_NEXT[self.status]:
            raise IllegalTransition(
                f"series {self.id} is {self.status} and cannot become {status}; "
                f"from here it can become: {', '.join(sorted(SERIES_NEXT[self.status])) or 'nothing'}"
            )
        begun = self.started_at or (at if status is SeriesStatus.RUNNING else None)
        return replace(self, status=status, status_reason=reason, status_at=at or self.status_at, started_at=begun)

    @property
    def campaigns_taken_out(self) -> Mapping[str, str]:
        """The campaigns of messages that it had, by key; they have ended, or are about to."""
        return {key: child_id(self.id, key) for key in self.taken_out}

    def step(self, key: str) -> Step | None:
        return next((each for each in self.steps if each.key == key), None)

    def step_of(self, campaign_id: str) -> Step | None:
        """The message whose child this campaign is."""
        return next((each for each in self.steps if each.campaign_id == campaign_id), None)


class EntryEnd(StrEnum):
    """Why somebody gets nothing more of a series."""

    COMPLETED = "completed"  #: no message is left that could fall due
    LEFT_LIST = "left_list"
    UNSUBSCRIBED = "unsubscribed"  #: from everything, or from the topic of the series
    BOUNCED = "bounced"  #: the address is dead
    COMPLAINED = "complained"
    ERASED = "erased"  #: the person's data was erased on request
    STOPPED = "stopped"  #: the series was ended


class Passed(StrEnum):
    """Why a message was not planned for somebody whose turn it was, or would have been."""

    NO_DATE = "no_date"  #: the field is empty, or holds no date; looked at again daily
    MISSED = "missed"  #: its date was over when the person came, or more than a day ago when we came to it
    NOT_MET = "not_met"  #: the earlier message was not opened or clicked in time, was opened, or never went out
    ADDED_LATER = "added_later"  #: the person had come past its time before the message was added
    ENDED = "ended"  #: its campaign was stopped or cancelled by itself


#: What a later look may change.
NOT_FINAL = frozenset({Passed.NO_DATE, Passed.MISSED})


@dataclass(frozen=True, slots=True)
class Entry:
    """One person's way through a series."""

    id: str  #: see `entry_id`
    series_id: str
    contact_id: str
    number: int  #: of the person's entries into this series, from 0 on
    entered_at: datetime
    done: Mapping[str, datetime] = field(default_factory=dict)  #: by turn ("key", yearly "key@2026"): when it was due
    passed: Mapping[str, Passed] = field(default_factory=dict)  #: by turn: why it was not planned
    waits: frozenset[str] = frozenset()  #: keys of messages that are due, and whose campaigns do not send now
    next_at: datetime | None = None  #: when somebody has to look; None: it has ended
    ended: EntryEnd | None = None
    ended_at: datetime | None = None
    revision: int = 0  #: of the stored document; 0 = not stored yet


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody on the list of a series."""

    contact_id: str
    since: datetime  #: when they came to be on it; `domain.contact.LONG_AGO` where nobody knows


@dataclass(frozen=True, slots=True)
class SeriesCounts:
    """How people fare in one series."""

    people: int = 0  #: distinct
    entries: int = 0
    under_way: int = 0
    ended: Mapping[EntryEnd, int] = field(default_factory=dict)
    planned: Mapping[str, int] = field(default_factory=dict)  #: by message key; each year of a yearly one counts
    passed: Mapping[str, Mapping[Passed, int]] = field(default_factory=dict)  #: by message key
    waiting: Mapping[str, int] = field(default_factory=dict)  #: by message key: due, and its campaign does not send


def child_id(series_id: str, key: str) -> str:
    """The campaign of a message. No key holds a "-", so that no two messages have the same."""
    return f"{series_id}-{key}"


def entry_id(series_id: str, contact_id: str, number: int) -> str:
    return f"{series_id}:{contact_id}:{number}"


def turn_of(key: str, year: int | None = None) -> str:
    """One message's one time in an entry: how `Entry.done` and `Entry.passed` name it."""
    return key if year is None else f"{key}@{year}"


def key_and_year(turn: str) -> tuple[str, int | None]:
    key, at, year = turn.partition("@")
    return key, int(year) if at else None


def number_and_year(occurrence: int) -> tuple[int, int | None]:
    """Which entry such a row belongs to, and of a yearly message which year."""
    number, year = divmod(occurrence, _PER_ENTRY)
    return number, year or None


def occurrence_of(number: int, year: int | None = None) -> int:
    """The occurrence of the ledger row of this entry's message; 0 for the first entry's plain messages."""
    return number * _PER_ENTRY + (year or 0)
