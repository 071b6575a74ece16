"""What an SMTP reply says about an email and about its address (D13, RFC 5321, RFC 3463).

Two answers, never mixed: how the failure is counted, and whether the address is dead.
The rules are data: domain/classification/rules.toml.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.classification.codes import ENHANCED, enhanced_in
from domain.classification.reasons import DEAD, OURS, Effect, Reason
from domain.classification.verdict import Refusal, Verdict, judged

__all__ = ["DEAD", "ENHANCED", "MAX_TEXT", "OURS", "Reason", "Reply", "Stage", "Verdict", "is_dead", "verdict"]

MAX_TEXT = 500  #: characters of a reply that are looked at and kept


class Stage(StrEnum):
    """Where in the dialogue the reply came."""

    CONNECT = "connect"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class Reply:
    code: int
    text: str  #: all lines joined by blanks, without the codes
    stage: Stage = Stage.DATA
    relay: str = ""

    @property
    def enhanced(self) -> str | None:
        """The RFC 3463 code in the text, such as "5.1.1"."""
        return enhanced_in(self.text[:MAX_TEXT])

    @property
    def permanent(self) -> bool:
        return self.code >= 500


def verdict(reply: Reply) -> Verdict:
    """Why the server refused. Never raises; an unreadable reply is `unknown`."""
    text = reply.text[:MAX_TEXT]
    return judged(Refusal(text, reply.code, reply.enhanced, reply.permanent, stage=str(reply.stage)))


def is_dead(reply: Reply) -> bool:
    """Whether the reply proves that the address is dead, so that it is suppressed (D13)."""
    return reply.permanent and verdict(reply).effect is Effect.HARD
