"""What became of an email once it was written to, and kinds of that as data.

One table of kinds answers in Python (`Kind.includes`) and in MongoDB (repositories/email_numbers.py): the number of a
summary, the people behind it and the member status can never tell different things.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from domain.email import Email, EmailState, Mark, ServiceStatus

#: The sign of an email that was delivered after it had bounced; worked out, never stored.
REDELIVERED = "redelivered"
READ = frozenset({ServiceStatus.OPENED, ServiceStatus.CLICKED, ServiceStatus.REPLIED})
#: What a soft bounce does not hold against: the mail came later, or somebody has it before his eyes.
ARRIVED = READ | {REDELIVERED}


@dataclass(frozen=True, slots=True)
class Response:
    """What the numbers look at in one email."""

    state: EmailState
    signs: frozenset[str]  #: service statuses and marks that have a time, and REDELIVERED
    bounced: EmailState | None = None  #: see `Email.bounced`

    @property
    def hard(self) -> bool:
        return self.bounced is EmailState.HARD_BOUNCED


@dataclass(frozen=True, slots=True)
class Kind:
    """Emails in one of `states` that bear one of `signs` and none of `without`; where a part is empty, any."""

    states: frozenset[EmailState] = frozenset()
    signs: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    hard: bool | None = None  #: whether the bounce that came after the 250 was a hard one; None: whether or not

    def includes(self, response: Response) -> bool:
        return (
            (not self.states or response.state in self.states)
            and (not self.signs or bool(self.signs & response.signs))
            and not self.without & response.signs
            and self.hard in {None, response.hard}
        )


def response(email: Email) -> Response:
    delivered, bounced = email.times.get(ServiceStatus.DELIVERED), email.times.get(Mark.BOUNCED)
    later = {REDELIVERED} if delivered and bounced and delivered > bounced else set[str]()
    return Response(email.state, frozenset(email.times) | later, email.bounced)


def any_of(kinds: Iterable[Kind], found: Response) -> bool:
    return any(kind.includes(found) for kind in kinds)


def in_state(*states: EmailState) -> Kind:
    return Kind(states=frozenset(states))


def with_sign(*signs: str) -> Kind:
    return Kind(signs=frozenset(signs))


_SENT = frozenset({EmailState.SENT})
_BOUNCE = frozenset({Mark.BOUNCED})
#: At once, or by a bounce mail after the 250. A soft bounce of mail that arrived after all is none.
HARD_BOUNCES = (in_state(EmailState.HARD_BOUNCED), Kind(_SENT, signs=_BOUNCE, hard=True))
SOFT_BOUNCES = (in_state(EmailState.SOFT_BOUNCED), Kind(_SENT, signs=_BOUNCE, without=ARRIVED, hard=False))
DELIVERED = (Kind(_SENT, without=_BOUNCE), Kind(_SENT, signs=ARRIVED, hard=False))
NOT_OPENED = (
    Kind(_SENT, without=_BOUNCE | READ),
    Kind(_SENT, signs=frozenset({REDELIVERED}), without=READ, hard=False),
)
