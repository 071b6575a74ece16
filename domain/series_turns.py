"""How each message of a series stands for one person: due, passed, or to be looked at again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from domain.email import OPEN_STATES, Email, EmailState, ServiceStatus, email_id
from domain.series import Entry, Passed, Step, TriggerKind, key_and_year, occurrence_of, turn_of
from domain.series_times import date_moment, date_of, delayed, in_year, opening
from domain.values import Value

#: Dates are looked at anew so often.
DAILY = timedelta(days=1)
#: What nobody tells us of is looked at so often: a mail that is on its way, a campaign that does not send.
HOURLY = timedelta(hours=1)
#: A date that was more than this ago is missed: we were away, or its message was not to be sent.
LATEST_DATE = timedelta(days=1)
#: An open or a click may be told so much later than it was.
TOLD_LATE = timedelta(days=1)
#: What is so little late goes out although its window has closed meanwhile.
SLACK = timedelta(minutes=15)
#: Years to either side of now in which a yearly date, its offset and its delay may lie.
_YEARS_BACK, _YEARS_AHEAD = 4, 2
#: What says that a person read a mail: pictures may be off, and who follows a link or answers has read it.
_READ = (ServiceStatus.OPENED, ServiceStatus.CLICKED, ServiceStatus.REPLIED)
#: The earlier message never went out.
_NEVER_CAME = frozenset({Passed.NOT_MET, Passed.ADDED_LATER, Passed.ENDED})


@dataclass(frozen=True, slots=True)
class Person:
    """What decides about somebody, as it is now."""

    fields: Mapping[str, Value]
    zone: str  #: where they live, by a name of the IANA database; the organisation's where nobody knows


@dataclass(frozen=True, slots=True)
class Turn:
    """One message's one time in an entry. None of the three: it will never come, and nobody needs to be told."""

    name: str  #: see `domain.series.turn_of`
    due: datetime | None = None  #: since when it has been due
    passed: Passed | None = None
    again: datetime | None = None  #: when to look again
    comes: datetime | None = None  #: when its time comes, where that is known and ahead


def _ahead(name: str, at: datetime) -> Turn:
    return Turn(name, again=at, comes=at)


def row_of(step: Step, entry: Entry, year: int | None) -> str:
    """The id of the ledger row of a message of this entry."""
    return email_id(step.campaign_id, entry.contact_id, occurrence_of(entry.number, year))


@dataclass(frozen=True, slots=True)
class Turns:
    """Looks at one entry at one time."""

    entry: Entry
    person: Person
    steps: Mapping[str, Step]  #: by key
    rows: Mapping[str, Email]  #: by id
    now: datetime
    over: Collection[str] = ()  #: keys of messages whose campaigns have ended
    fresh: Collection[str] = ()  #: turns that are being planned: their rows are not there yet

    def of(self, step: Step) -> Iterator[Turn]:
        if step.key in self.over:
            yield Turn(turn_of(step.key), passed=Passed.ENDED)
        elif step.trigger.kind is TriggerKind.JOINED:
            yield self._after(step, turn_of(step.key), self.entry.entered_at)
        elif step.trigger.kind is TriggerKind.DATE:
            yield from self._dates(step)
        else:
            yield from self._responses(step)

    def _after(self, step: Step, name: str, base: datetime) -> Turn:
        """Of a message whose trigger was at `base`."""
        at = self._time(step, base)
        if at is None:
            return Turn(name, passed=Passed.NOT_MET)
        if self._came_too_early(step, at):
            return Turn(name, passed=Passed.ADDED_LATER)
        return _ahead(name, at) if at > self.now else self._spaced(step, name, base)

    def _spaced(self, step: Step, name: str, base: datetime) -> Turn:
        """Of a message whose own time has come. What lies between it and the one before it is kept, however late that
        went out; and none overtakes another.
        """
        own = delayed(base, step.delay, self.person.zone) or base
        year = key_and_year(name)[1]
        at = own
        for before, nominal in self._before(step, base, own, year):
            gap, went = own - nominal, self._went(before, year)
            if went is None:
                return Turn(name, again=self.now + self._patience(turn_of(before.key, year), gap))
            if went - nominal > min(SLACK, gap / 10):
                at = max(at, went + gap)
        return self._placed(step, name, opening(at, step.window, self.person.zone))

    def _before(self, step: Step, base: datetime, own: datetime, year: int | None) -> Sequence[tuple[Step, datetime]]:
        """Those that the same trigger has come right before it, with their times."""
        times = [
            (each, at)
            for each in self.steps.values()
            if each.trigger == step.trigger
            and each.key not in self.over
            and turn_of(each.key, year) not in self.entry.passed
            and (at := delayed(base, each.delay, self.person.zone)) is not None
            and at < own
        ]
        last = max((at for _, at in times), default=None)
        return [(each, at) for each, at in times if at == last]

    def _went(self, step: Step, year: int | None) -> datetime | None:
        """When a message was sent, or when it was clear that it would not be; None before."""
        turn = turn_of(step.key, year)
        if turn not in self.entry.done or turn in self.fresh:
            return None
        row = self.rows.get(row_of(step, self.entry, year))
        if row is None:
            return self.entry.done[turn]
        return None if row.state in OPEN_STATES else row.state_at

    def _patience(self, before: str, gap: timedelta) -> timedelta:
        """After which to ask again whether the one before has gone out; who waits for its campaign is woken."""
        if before in self.fresh:
            return gap
        return max(gap, SLACK) if before in self.entry.done else HOURLY

    def _time(self, step: Step, base: datetime) -> datetime | None:
        at = delayed(base, step.delay, self.person.zone)
        return opening(at, step.window, self.person.zone) if at else None

    def _came_too_early(self, step: Step, at: datetime) -> bool:
        """Whether the person had come past a message before it was added."""
        return step.since is not None and self.entry.entered_at < step.since and at <= step.since

    def _placed(self, step: Step, name: str, at: datetime) -> Turn:
        if at > self.now:
            return _ahead(name, at)
        opens = self.now if self.now - at <= SLACK else opening(self.now, step.window, self.person.zone)
        return _ahead(name, opens) if opens > self.now else Turn(name, due=at)

    def _dates(self, step: Step) -> Iterator[Turn]:
        day = date_of(self.person.fields.get(step.trigger.field or ""))
        if not step.trigger.yearly:
            yield self._once(step, day)
            return
        tomorrow = self.now + DAILY
        if day is None:
            yield Turn(turn_of(step.key), passed=Passed.NO_DATE, again=tomorrow)
            return
        yield Turn(turn_of(step.key), again=tomorrow)
        for year in range(self.now.year - _YEARS_BACK, self.now.year + _YEARS_AHEAD + 1):
            yield from self._in_year(step, in_year(day, year), year)

    def _once(self, step: Step, day: date | None) -> Turn:
        name, tomorrow = turn_of(step.key), self.now + DAILY
        base = date_moment(day, step.trigger, self.person.zone) if day else None
        at = self._time(step, base) if base else None
        if at is None:
            return Turn(name, passed=Passed.NO_DATE, again=tomorrow)
        if self._came_too_early(step, at):
            return Turn(name, passed=Passed.ADDED_LATER)
        if self._is_missed(at):
            return Turn(name, passed=Passed.MISSED, again=tomorrow)
        turn = self._placed(step, name, at)
        return turn if turn.again is None else replace(turn, again=min(turn.again, tomorrow))

    def _in_year(self, step: Step, day: date, year: int) -> Iterator[Turn]:
        base = date_moment(day, step.trigger, self.person.zone)
        at = self._time(step, base) if base else None
        if at is None or at < self.entry.entered_at or self._came_too_early(step, at):
            return
        name = turn_of(step.key, year)
        yield Turn(name, passed=Passed.MISSED) if self._is_missed(at) else self._placed(step, name, at)

    def _is_missed(self, at: datetime) -> bool:
        return at < self.entry.entered_at or self.now - at > LATEST_DATE

    def _responses(self, step: Step) -> Iterator[Turn]:
        earlier = self.steps.get(step.trigger.message or "")
        if earlier is None:
            return
        for name in self.entry.done:
            key, year = key_and_year(name)
            if key == earlier.key:
                yield self._response(step, turn_of(step.key, year), self.rows.get(row_of(earlier, self.entry, year)))
        for name, why in self.entry.passed.items():
            key, year = key_and_year(name)
            if key == earlier.key and why in _NEVER_CAME:
                yield Turn(turn_of(step.key, year), passed=Passed.NOT_MET)

    def _response(self, step: Step, name: str, row: Email | None) -> Turn:
        if row is None or row.state in OPEN_STATES:
            return self._unsent(step, name, row)
        if row.state is EmailState.IN_DOUBT:
            return Turn(name, again=self.now + DAILY)
        if row.state is not EmailState.SENT or row.state_at is None:
            return Turn(name, passed=Passed.NOT_MET)
        within = timedelta(days=step.trigger.within_days or 0)
        if step.trigger.kind is TriggerKind.NOT_OPENED:
            return self._unread(step, name, row, row.state_at + within)
        return self._answered(step, name, _response_at(step, row), row.state_at + within)

    def _unsent(self, step: Step, name: str, row: Email | None) -> Turn:
        """An event may be told before its mail is known to be sent; that nobody opened it says nothing yet."""
        responded = _response_at(step, row) if row else None
        if responded is None or step.trigger.kind is TriggerKind.NOT_OPENED:
            return Turn(name, again=self.now + HOURLY)
        return self._after(step, name, responded)

    def _answered(self, step: Step, name: str, responded: datetime | None, until: datetime) -> Turn:
        if responded is not None and responded <= until:
            return self._after(step, name, responded)
        if responded is not None or self.now > until + TOLD_LATE:
            return Turn(name, passed=Passed.NOT_MET)
        return Turn(name, again=until + TOLD_LATE + timedelta(seconds=1))

    def _unread(self, step: Step, name: str, row: Email, until: datetime) -> Turn:
        if row.bounced is not None or _response_at(step, row) is not None:
            return Turn(name, passed=Passed.NOT_MET)
        return self._after(step, name, until)


def _response_at(step: Step, row: Email) -> datetime | None:
    """When a person first did what the trigger waits for, or what shows that they did."""
    wanted = (ServiceStatus.CLICKED,) if step.trigger.kind is TriggerKind.CLICKED else _READ
    return min((row.times[each] for each in wanted if each in row.times), default=None)
