"""When a message of a series falls due, by the calendar and the clock of the person it is for.

Days, weeks and months are those of the person's calendar: two days after ten o'clock is ten o'clock. A time that the
person's clocks skip is taken the gap later, one that they show twice the first time (see domain/send_times.py).
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.send_times import EARLIEST, LATEST, moment
from domain.series import Delay, DelayUnit, Trigger, Window
from domain.values import Value

_MIDNIGHT = time(0)
_ABSOLUTE = {DelayUnit.MINUTES: timedelta(minutes=1), DelayUnit.HOURS: timedelta(hours=1)}
_CALENDAR = {DelayUnit.DAYS: timedelta(days=1), DelayUnit.WEEKS: timedelta(weeks=1)}
#: In so many days every window opens, even where a zone skips a day.
_LOOK_AHEAD_DAYS = 15


def date_of(said: Value) -> date | None:
    """The date that a field says: ISO 8601, with or without a time of day; None for anything else."""
    if not isinstance(said, str):
        return None
    try:
        return datetime.fromisoformat(said.strip()).date()
    except ValueError:
        return None


def in_year(day: date, year: int) -> date:
    """The same day of that year; 29 February falls on the 28th in years that have none."""
    if (day.month, day.day) == (2, 29) and monthrange(year, 2)[1] == 28:
        return date(year, 2, 28)
    return day.replace(year=year)


def date_moment(day: date, trigger: Trigger, zone: str) -> datetime | None:
    """When a trigger's date comes, its offset and hour reckoned in; None beyond what clocks can reckon with."""
    try:
        local = datetime.combine(day, trigger.at or _MIDNIGHT) + timedelta(days=trigger.offset_days)
    except OverflowError:
        return None
    return moment(max(local, EARLIEST), zone) if local < LATEST else None


def delayed(at: datetime, delay: Delay, zone: str) -> datetime | None:
    """So much later; aware, UTC; None beyond what clocks can reckon with."""
    if not delay.amount:
        return at
    try:
        local = _later(at.astimezone(ZoneInfo(zone)), delay)
    except (OverflowError, ValueError):
        return None
    if local.replace(tzinfo=None) >= LATEST:
        return None
    return local.astimezone(UTC) if delay.unit in _ABSOLUTE else moment(local, zone)


def _later(local: datetime, delay: Delay) -> datetime:
    if delay.unit in _ABSOLUTE:
        return (local.astimezone(UTC) + delay.amount * _ABSOLUTE[delay.unit]).astimezone(local.tzinfo)
    if delay.unit is DelayUnit.MONTHS:
        return _months_later(local, delay.amount)
    return local + delay.amount * _CALENDAR[delay.unit]


def _months_later(local: datetime, months: int) -> datetime:
    """The same day of that month; its last one where it has no such day."""
    years, month = divmod(local.month - 1 + months, 12)
    year = local.year + years
    return local.replace(year=year, month=month + 1, day=min(local.day, monthrange(year, month + 1)[1]))


def opening(at: datetime, window: Window | None, zone: str) -> datetime:
    """The first moment from `at` on at which the window is open; aware, UTC."""
    if window is None:
        return at
    today = at.astimezone(ZoneInfo(zone)).date()
    for day in (today + timedelta(days=days) for days in range(_LOOK_AHEAD_DAYS)):
        opens, closes = _hours(day, window, zone)
        if day.weekday() in window.weekdays and at < closes and opens < closes:
            return max(at, opens)
    return at  # it never opens: a definition that says so is refused


def _hours(day: date, window: Window, zone: str) -> tuple[datetime, datetime]:
    last_day = day if window.closes != _MIDNIGHT else day + timedelta(days=1)
    return (
        moment(datetime.combine(day, window.opens), zone),
        moment(datetime.combine(last_day, window.closes), zone),
    )
