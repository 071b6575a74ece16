"""How series look: their messages, who is on the way, What's Next. Used by several commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.console import RenderableType

from cli import views
from cli.output import shown, table, tell
from domain.campaign import Campaign
from domain.series import Entry, Passed, Series, SeriesCounts, Step, Trigger, TriggerKind, Window, key_and_year
from domain.series_outlook import Ahead, Outlook
from domain.series_words import delay_text, hour_text, weekday_texts
from domain.troubleshooting import advice
from domain.whats_next import Step as NextStep

_EVERY_DAY = 7


def details(series: Series) -> RenderableType:
    rows: list[tuple[str, object]] = [
        ("name", series.name),
        ("list", series.list_id),
        ("topic", series.topic),
        ("purpose", series.purpose),
        ("who was there", "members of the list before the start enter too" if series.existing_members else ""),
        ("again", "who leaves the list and joins again enters once more" if series.reentry else ""),
        ("created", f"{shown(series.created_at)} UTC"),
        ("started", series.started_at and f"{shown(series.started_at)} UTC"),
        ("author", series.author),
        ("status", f"{series.status}{': ' + series.status_reason if series.status_reason else ''}"),
    ]
    return table(f"Series {series.id}", ("detail", "value"), [row for row in rows if row[1]])


def messages(
    series: Series,
    children: Mapping[str, Campaign],
    counts: SeriesCounts | None = None,
    taken_out: Mapping[str, Campaign] | None = None,
) -> RenderableType:
    """A line for each message, then for each that the series had; with counts, how many got to it and wait for it."""
    columns = ("message", "campaign", "when", "status", *(("planned", "wait for it") if counts else ()))
    rows = [
        (step.key, step.campaign_id, when(step), _status(children.get(step.key)), *_counted(step.key, counts))
        for step in series.steps
    ]
    rows += [
        (key, each.id, "taken out", _status(each), *_counted(key, counts)) for key, each in (taken_out or {}).items()
    ]
    return table(f"Messages of {series.id}", columns, rows)


def people(counts: SeriesCounts) -> list[RenderableType]:
    """Who entered, and why messages were passed over; nothing where nobody entered."""
    if not counts.entries:
        return []
    rows: list[tuple[str, int]] = [("entered (distinct people)", counts.people), ("entries", counts.entries)]
    rows += [("under way", counts.under_way)]
    rows += [(f"ended: {why.replace('_', ' ')}", count) for why, count in sorted(counts.ended.items())]
    parts = [table("People", ("people", "number"), rows)]
    over = [
        (key, why.replace("_", " "), n, _means(why)) for key, each in counts.passed.items() for why, n in each.items()
    ]
    return [*parts, table("Passed over", ("message", "why", "entries", "it means"), over)] if over else parts


def steps(series: Series, found: Sequence[NextStep]) -> RenderableType:
    return views.step_lines(f"What's next for {series.id} ({series.status})", found)


def tell_hints(found: Iterable[str]) -> None:
    for each in found:
        tell(f"Look: {each}.")


def overview(rows: Sequence[tuple[Series, SeriesCounts]]) -> RenderableType:
    columns = ("series", "status", "list", "messages", "people", "under way", "since")
    lines = [
        (one.id, one.status, one.list_id, len(one.steps), counts.people, counts.under_way, one.status_at)
        for one, counts in rows
    ]
    return table("Series", columns, lines, spare=("since",))


def entries(found: Sequence[Entry]) -> list[RenderableType]:
    """One person's ways through series; no table where there is none."""
    rows = [
        (each.series_id, each.number + 1, each.entered_at, _got(each), _standing(each), each.next_at) for each in found
    ]
    columns = ("series", "entry", "entered", "planned", "standing", "looked at again")
    return [table("Series", columns, rows, spare=("entry", "entered"))] if rows else []


def ahead(entry: Entry, found: Sequence[Ahead], series: Series) -> RenderableType:
    """How each message stands for one person; times are UTC."""
    rows = [(each.message, each.stands, each.at, _why(each, series)) for each in found]
    title = f"Messages of {entry.series_id} for them" + (f", entry {entry.number + 1}" if entry.number else "")
    return table(title, ("message", "stands", "at", "why"), rows)


def _why(each: Ahead, series: Series) -> str:
    step = series.step(key_and_year(each.message)[0])
    if each.why:
        return f"{each.why.replace('_', ' ')}: {_means(each.why)}"
    if each.stands is Outlook.HELD and step:
        return f"{step.campaign_id} does not send now: campaigns campaign show {step.campaign_id}"
    if each.stands is Outlook.WAITS and step and step.trigger.kind is not TriggerKind.DATE and not step.trigger.message:
        return f"{when(step)}; the message before it has not gone out"
    return when(step) if step and each.stands in (Outlook.COMES, Outlook.WAITS) else ""


def when(step: Step) -> str:
    """`2 days after joining, mon-fri 09:00-17:00`."""
    later = f"{delay_text(step.delay)} after " if step.delay.amount else ""
    return f"{later}{_trigger(step.trigger, delayed=bool(later))}{_window(step.window)}"


def _trigger(trigger: Trigger, *, delayed: bool) -> str:
    if trigger.kind is TriggerKind.JOINED:
        return "joining" if delayed else "on joining"
    if trigger.kind is TriggerKind.DATE:
        return _date(trigger)
    return f"{trigger.message} was {trigger.kind.replace('_', ' ')} within {_days(trigger.within_days or 0)}"


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def _date(trigger: Trigger) -> str:
    days = trigger.offset_days
    offset = f"{_days(abs(days))} {'before' if days < 0 else 'after'} " if days else ""
    yearly = ", every year" if trigger.yearly else ""
    return f"{offset}{trigger.field}{yearly} at {hour_text(trigger.at) if trigger.at else '00:00'}"


def _window(window: Window | None) -> str:
    if window is None:
        return ""
    days = "" if len(window.weekdays) == _EVERY_DAY else f" {' '.join(weekday_texts(window.weekdays))}"
    return f", only{days} {hour_text(window.opens)}-{hour_text(window.closes)}"


def _status(child: Campaign | None) -> str:
    if child is None:
        return "not stored"
    return f"{child.status}{': ' + child.status_reason if child.status_reason else ''}"


def _counted(key: str, counts: SeriesCounts | None) -> tuple[int, ...]:
    return (counts.planned.get(key, 0), counts.waiting.get(key, 0)) if counts else ()


def _means(why: Passed) -> str:
    found = advice("passed", why)
    return found.means if found else ""


def _got(entry: Entry) -> str:
    return ", ".join(entry.done) or "nothing yet"


def _standing(entry: Entry) -> str:
    parts = [f"ended: {entry.ended.replace('_', ' ')}"] if entry.ended else []
    parts += [f"waits for {key}, which does not send now" for key in sorted(entry.waits)]
    parts += [f"{turn}: {why.replace('_', ' ')}" for turn, why in entry.passed.items()]
    return "; ".join(parts) or "on the way"
