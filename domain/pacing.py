"""What the operator has set about the pace of sending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from domain.throttle import Limits

WARM_UP = "warmup:"  #: how the throttle of a sending domain begins


@dataclass(frozen=True, slots=True)
class Pacing:
    limits: Mapping[str, Limits] = field(default_factory=dict)  #: by throttle: "relay:<name>", "group:<group>"
    warm_up_caps: Sequence[int] = ()  #: mails per day of each sending domain; empty: no warm-up
    #: A batch does not wait longer than this for a destination; what is left then is put off, and others go first.
    patience_s: float = 20
    put_off_s: float = 60  #: for how long, give or take a half
