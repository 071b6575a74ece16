"""Which fault comes when: drawn from a seed, so that a run can be had again."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    SENDER_KILLED = "send worker killed"
    SCHEDULER_KILLED = "scheduler killed"
    CONNECTIONS_CLOSED = "all connections closed"
    BROKER_RESTARTED = "broker restarted"
    BROKER_KILLED = "broker node killed"
    BROKER_FROZEN = "broker node frozen"
    BROKER_CUT_OFF = "broker node cut off"
    PRIMARY_KILLED = "MongoDB primary killed"
    BOTH_AWAY = "broker and primary killed"
    SMTP_HANGS = "SMTP server hangs"
    SMTP_CLOSING = "SMTP server says 421"
    SMTP_AWAY = "SMTP server away"
    SMTP_DROPS = "SMTP reply dropped"
    SMTP_CUT = "SMTP connections cut"


_K = Kind
#: So many of each kind.
FULL: Mapping[Kind, int] = {
    _K.SENDER_KILLED: 8, _K.SCHEDULER_KILLED: 2, _K.CONNECTIONS_CLOSED: 4, _K.BROKER_RESTARTED: 2, _K.BROKER_KILLED: 2,
    _K.PRIMARY_KILLED: 3, _K.BOTH_AWAY: 1, _K.SMTP_HANGS: 2, _K.SMTP_CLOSING: 2, _K.SMTP_AWAY: 2, _K.SMTP_DROPS: 3,
    _K.SMTP_CUT: 2,
}  # fmt: skip
SHORT: Mapping[Kind, int] = {
    _K.SENDER_KILLED: 3, _K.CONNECTIONS_CLOSED: 1, _K.BROKER_RESTARTED: 1, _K.PRIMARY_KILLED: 1, _K.SMTP_HANGS: 1,
    _K.SMTP_CLOSING: 1, _K.SMTP_DROPS: 1, _K.SMTP_CUT: 1,
}  # fmt: skip
#: What a cluster gets beside it.
CLUSTER: Mapping[Kind, int] = {_K.BROKER_KILLED: 2, _K.BROKER_FROZEN: 1}
#: And one in a network of its own.
PARTITION: Mapping[Kind, int] = {_K.BROKER_CUT_OFF: 2}
FIRST, LAST = 0.03, 0.85  #: of the mails: faults come while there is something to send


@dataclass(frozen=True, slots=True)
class Fault:
    after_mails: int  #: it comes when the sink has seen so many
    kind: Kind
    die: int  #: what the fault itself draws from: whom it hits


def planned(seed: int, emails: int, wanted: Mapping[Kind, int]) -> list[Fault]:
    """The faults of a run in their order, spread over its mails."""
    dice = random.Random(seed)
    kinds = [kind for kind, count in wanted.items() for _ in range(count)]
    dice.shuffle(kinds)
    width = (LAST - FIRST) / len(kinds)
    return [
        Fault(round(emails * (FIRST + (place + dice.random()) * width)), kind, dice.randrange(1 << 16))
        for place, kind in enumerate(kinds)
    ]
