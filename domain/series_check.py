"""What a series must not say. A definition that passes can run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from domain.campaign import CAMPAIGN_ID
from domain.errors import InvalidDefinition
from domain.series import RESPONSES, Delay, DelayUnit, Series, Step, Trigger, TriggerKind, Window, child_id

MOST_STEPS = 50
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{0,19}")
MOST_OFFSET_DAYS = 366
MOST_WITHIN_DAYS = 365
_DAYS_OF_WEEK = frozenset(range(7))
#: Two years of each.
LONGEST = {
    DelayUnit.MINUTES: 1_051_200,
    DelayUnit.HOURS: 17_520,
    DelayUnit.DAYS: 730,
    DelayUnit.WEEKS: 104,
    DelayUnit.MONTHS: 24,
}


def check(series: Series) -> None:
    """
    Raises:
        InvalidDefinition: it breaks a rule; names message and field.
    """
    for found in broken_rules(series):
        raise InvalidDefinition(found)


def broken_rules(series: Series) -> Iterator[str]:
    """Every rule that it breaks, each naming message and field."""
    yield from _of_whole(series)
    for step in series.steps:
        yield from (f"message {step.key}: {found}" for found in _of_step(series, step))
    yield from _loops(series)


def _of_whole(series: Series) -> Iterator[str]:
    if not CAMPAIGN_ID.fullmatch(series.id):
        yield "series: up to 40 letters, digits, _ and -, the first a letter or digit"
    if not series.name.strip():
        yield "name: is empty"
    if not series.list_id.strip():
        yield "list: is empty; a series is for the people of one list"
    if not series.steps:
        yield "messages: there are none"
    if len(series.steps) > MOST_STEPS:
        yield f"messages: there are {len(series.steps)}, and at most {MOST_STEPS} may be"
    for key, count in Counter(step.key for step in series.steps).items():
        if count > 1:
            yield f"message {key}: key: {count} messages have it"


def _of_step(series: Series, step: Step) -> Iterator[str]:
    if not KEY.fullmatch(step.key):
        yield "key: up to 20 letters, digits and _, the first no _"
    if not CAMPAIGN_ID.fullmatch(child_id(series.id, step.key)):
        yield f"key: {child_id(series.id, step.key)!r} names its campaign, and is longer than 40 characters"
    yield from _of_trigger(series, step)
    yield from _of_delay(step.delay)
    if step.window is not None:
        yield from _of_window(step.window)


def _of_trigger(series: Series, step: Step) -> Iterator[str]:
    trigger = step.trigger
    if trigger.kind is TriggerKind.DATE:
        yield from _of_date(trigger)
    elif trigger.field is not None or trigger.yearly or trigger.offset_days or trigger.at is not None:
        yield f"trigger: field, yearly, offset_days and at belong to a date, not to {trigger.kind}"
    if trigger.kind in RESPONSES:
        yield from _of_response(series, trigger)
    elif trigger.message is not None or trigger.within_days is not None:
        yield f"trigger: message and within_days belong to opened, clicked and not_opened, not to {trigger.kind}"


def _of_date(trigger: Trigger) -> Iterator[str]:
    if not (trigger.field or "").strip():
        yield "trigger.date: name the contact field that holds the date"
    if abs(trigger.offset_days) > MOST_OFFSET_DAYS:
        yield f"trigger.offset_days: {trigger.offset_days} is not between -{MOST_OFFSET_DAYS} and {MOST_OFFSET_DAYS}"
    if trigger.at is not None and trigger.at.tzinfo is not None:
        yield "trigger.at: names a zone; it is the hour where each person lives: leave the zone out"


def _of_response(series: Series, trigger: Trigger) -> Iterator[str]:
    if trigger.message is None:
        yield f"trigger.{trigger.kind}: name the key of the earlier message"
    elif series.step(trigger.message) is None:
        yield f"trigger.{trigger.kind}: there is no message {trigger.message!r} in this series, or it was removed"
    if trigger.within_days is None:
        yield "trigger.within_days: say for how many days after the earlier message was sent it counts"
    elif not 1 <= trigger.within_days <= MOST_WITHIN_DAYS:
        yield f"trigger.within_days: {trigger.within_days} is not between 1 and {MOST_WITHIN_DAYS}"


def _of_delay(delay: Delay) -> Iterator[str]:
    most = LONGEST[delay.unit]
    if not 0 <= delay.amount <= most:
        yield f"delay: {delay.amount} {delay.unit} is not between 0 and {most} {delay.unit}"


def _of_window(window: Window) -> Iterator[str]:
    if not window.weekdays:
        yield "window.days: there are none, so that it never opens"
    if not window.weekdays <= _DAYS_OF_WEEK:
        yield "window.days: a day of the week is 0 (Monday) to 6"
    if window.opens.tzinfo is not None or window.closes.tzinfo is not None:
        yield "window: names a zone; it is open by the clock of each person: leave the zone out"
    elif window.closes.replace(fold=0) != window.closes.min and window.closes <= window.opens:
        yield f"window: closes at {window.closes:%H:%M}, not after it opens at {window.opens:%H:%M}: it never opens"


def _loops(series: Series) -> Iterator[str]:
    for step in series.steps:
        path = _path(series, step)
        if path[-1] == step.key and len(path) > 1:
            yield f"message {step.key}: trigger.{step.trigger.kind}: the messages wait for each other: " + " -> ".join(
                path
            )


def _path(series: Series, step: Step) -> list[str]:
    """The keys that a message waits for, one after the other, until none is left or one comes again."""
    path, at = [step.key], series.step(step.trigger.message or "")
    while at is not None:
        path.append(at.key)
        if at.key in path[:-1]:
            break
        at = series.step(at.trigger.message or "")
    return path
