"""What flips when the rules of classification have changed (X6): verdicts are given again from the evidence kept.

The sender's axis otherwise only goes forward. This is the one exception, and it is narrow: an email that was not
delivered stays so, and is only counted, reasoned and held against its address differently. Nothing is sent again, and
what was delivered, opened or in doubt is not touched; what a person settled by hand stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.email import NOT_SENT, PROOFS, Email, EmailState
from domain.erasure import is_gone
from domain.events import Overruled, StoredEvent
from domain.ruling import Ruling, ruling, ruling_on
from domain.smtp_reply import DEAD, Reply
from domain.strikes import Sign, SignKind, strikes

#: The states that a reply of the relay left behind, and that another verdict may exchange for each other.
JUDGED = frozenset({EmailState.HARD_BOUNCED, EmailState.SOFT_BOUNCED, EmailState.FAILED})
_SAYS_NOTHING = frozenset({"deferred"})


@dataclass(frozen=True, slots=True)
class Flip:
    """One email of which the rules say another thing than they did."""

    email_id: str
    was: Ruling | None  #: None: what was ruled was not kept then
    now: Ruling
    at: datetime  #: of the bounce
    code: int | None = None
    event_id: str | None = None  #: None: it was the relay's own answer

    @property
    def contact_id(self) -> str:
        return self.email_id.split(":")[1]

    @property
    def campaign_id(self) -> str:
        return self.email_id.partition(":")[0]

    @property
    def condemns(self) -> bool:
        """Whether the address is dead by the rules of now, and was not."""
        return self.now.dead and not (self.was and self.was.dead)

    @property
    def pardons(self) -> bool:
        """Whether it was a strike against the address, or may have been, and is none."""
        return not _strikes(self.now) and (self.was is None or _strikes(self.was))


@dataclass(frozen=True, slots=True)
class Proved:
    """What all events of an email come to, as its row keeps it."""

    proof: EmailState | None
    bounced: EmailState | None
    reasons: Mapping[EmailState, str]


@dataclass(frozen=True, slots=True)
class Rejudged:
    """A row and what it is changed to, if it is still as it was read."""

    row: Email
    at: datetime
    proved: Proved | None = None  #: what its events prove now
    state: EmailState | None = None  #: of a row that a reply of the relay ended
    reason: str | None = None
    rule: str | None = None


def by_reply(row: Email) -> Flip | None:
    """The verdict on the relay's own answer, where it is another one now."""
    if row.state_at is None or row.reply is None or is_gone(row.reply.text) or not _ended_by(row, row.reply):
        return None
    now = ruling(row.reply)
    if (now.state, now.reason) == (row.state, row.reason):
        return None
    # Which rule had decided is not on the row. A reason that kills an address did so where it was counted as hard.
    was = Ruling(row.state, row.reason, "", dead=row.state is EmailState.HARD_BOUNCED and row.reason in DEAD)
    return Flip(row.id, was, now, row.state_at, row.reply.code)


def _ended_by(row: Email, reply: Reply) -> bool:
    """Whether this reply is what the state rests on: neither a person's word, nor events after an earlier deferral."""
    if row.state not in JUDGED or row.reason == NOT_SENT:
        return False
    return reply.permanent or (reply.code >= 400 and row.proof is None)


def by_events(events: Iterable[StoredEvent]) -> Sequence[Flip]:
    """The verdicts on bounces that were reported, where they are others now."""
    bounces = [(event, ruled(event)) for event in events if event.event == "bounced"]
    return [
        Flip(event.email_id, event.ruling, now, event.at, _code(event), event.id)
        for event, now in bounces
        if event.ruling != now
    ]


def ruled(event: StoredEvent) -> Ruling:
    """The verdict on a bounce by the rules of now; where its words are not kept any more, the one that was given."""
    if event.ruling is not None and is_gone((event.evidence or {}).get("text")):
        return event.ruling
    return ruling_on(event.evidence)


def proved(events: Iterable[StoredEvent], *, again: bool) -> Proved:
    """What events prove of their email: as they were ruled on, or `again` by the rules of now."""
    proofs: list[EmailState] = []
    reasons: dict[EmailState, str] = {}
    bounces: list[EmailState] = []
    for event in events:
        if event.event != "bounced":
            proofs += [] if event.event in _SAYS_NOTHING else [EmailState.SENT]
            continue
        found = ruled(event) if again or event.ruling is None else event.ruling
        bounces.append(found.state)
        if found.reason:
            reasons[found.state] = min(reasons.get(found.state, found.reason), found.reason)
    return Proved(_heaviest([*proofs, *bounces]), _heaviest(bounces), reasons)


def explained(row: Email, events: Sequence[StoredEvent]) -> bool:
    """Whether the row says what its stored events say. If not, one is on its way, or was kept no longer.

    Of what was stored before verdicts were kept nobody knows what it said: it is taken for explained.
    """
    if any(event.event == "bounced" and event.ruling is None for event in events):
        return True
    return any(_says(row, proved(events, again=again)) for again in (False, True))


def row_after(row: Email, flips: Sequence[Flip], events: Sequence[StoredEvent], at: datetime) -> Rejudged:
    """The row as the rules of now have it."""
    own = next((flip.now for flip in flips if flip.event_id is None), None)
    told = proved(events, again=True) if any(flip.event_id for flip in flips) else None
    if own is None:
        return Rejudged(row, at, told)
    return Rejudged(row, at, told, own.state, own.reason, own.rule)


def refused_dead(row: Email) -> bool:
    """Whether the relay's own answer says that the address is dead, by the rules of now."""
    if row.reply is None or not _ended_by(row, row.reply):
        return False
    if is_gone(row.reply.text):
        return row.state is EmailState.HARD_BOUNCED and row.reason in DEAD
    return ruling(row.reply).dead


def reported_dead(event: StoredEvent) -> bool:
    """The same of a bounce that was reported."""
    return event.event == "bounced" and ruled(event).dead


def overruled(flips: Iterable[Flip], at: datetime) -> list[Overruled]:
    return [Overruled(flip.event_id, flip.was, flip.now, at) for flip in flips if flip.event_id]


def signs(flips: Iterable[Flip], events: Sequence[StoredEvent]) -> list[Sign]:
    """What the flips say of the address (D10): a strike more, or one taken back, unless another event has it."""
    return [
        Sign(flip.contact_id, flip.email_id, SignKind.STRUCK if _strikes(flip.now) else SignKind.PARDONED, flip.at)
        for flip in flips
        if _strikes(flip.now) or not any(_strikes(ruled(e)) for e in events if e.event == "bounced")
    ]


def after(rejudged: Rejudged) -> Email:
    """The row once it is changed, but for what only its document holds."""
    row, told = rejudged.row, rejudged.proved
    if told is not None:
        row = replace(row, proof=told.proof, bounced=told.bounced)
    if rejudged.state is not None:
        row = replace(row, state=rejudged.state, reason=rejudged.reason)
    return row


def _says(row: Email, told: Proved) -> bool:
    return (row.proof, row.bounced) == (told.proof, told.bounced)


def _strikes(found: Ruling) -> bool:
    return strikes(found.state, found.reason)


def _heaviest(states: Iterable[EmailState]) -> EmailState | None:
    return max(states, key=PROOFS.index, default=None)


def _code(event: StoredEvent) -> int | None:
    code = (event.evidence or {}).get("code")
    return int(code) if code else None
