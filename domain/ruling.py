"""What the rules say of a bounce that was reported: how it is counted, why, and whether the address is dead (D13, X6).

Kept with the event beside its evidence, so that it can be seen which verdicts flip when the rules change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from domain.classification.reasons import Effect
from domain.classification.verdict import Refusal, judged
from domain.delivery import counted
from domain.email import EmailState
from domain.smtp_reply import Reply, is_dead, verdict

_BY_CLASS: Mapping[str, int] = {"5": 550, "4": 450, "2": 250}
_PASSING = 450


@dataclass(frozen=True, slots=True)
class Ruling:
    state: EmailState  #: what an email with nothing else to tell of it would be counted as
    reason: str | None  #: a Reason; None where there is nothing to go by
    rule: str  #: see `domain.classification.verdict.Verdict`
    dead: bool = False  #: whether the address is suppressed


NO_EVIDENCE = Ruling(EmailState.SOFT_BOUNCED, None, "none")


def reply_of(code: int | None, enhanced: str | None, text: str | None) -> Reply:
    """The evidence as a server would have said it; without any code it counts as passing."""
    said = " ".join(part for part in (enhanced, text) if part)
    return Reply(code or _BY_CLASS.get((enhanced or "")[:1], _PASSING), said)


@lru_cache(maxsize=4096)  # each is asked for several times, and many mails are refused in the same words
def ruling(reply: Reply) -> Ruling:
    found = verdict(reply)
    return Ruling(counted(found.reason, permanent=reply.permanent), found.reason, found.rule, is_dead(reply))


def ruling_on(evidence: Mapping[str, str | int] | None) -> Ruling:
    """The same of evidence as it is stored: {code, enhanced, text, source}, and of a report by mail {permanent, stage,
    told, hearsay}."""
    if evidence is None:
        return NO_EVIDENCE
    found = _on_report(evidence) if "permanent" in evidence else ruling(_reply(evidence))
    if not evidence.get("hearsay"):
        return found
    mild = EmailState.SOFT_BOUNCED if found.state is EmailState.HARD_BOUNCED else found.state
    return replace(found, state=mild, dead=False)


def _on_report(evidence: Mapping[str, str | int]) -> Ruling:
    """Of what another server reported by mail; judged as it was when it came in."""
    told, permanent = _text(evidence.get("told")), bool(evidence["permanent"])
    found = judged(
        Refusal(
            text=_text(evidence.get("text")) or "",
            code=int(evidence["code"]) if "code" in evidence else None,
            enhanced=_text(evidence.get("enhanced")),
            permanent=permanent,
            notices=(told,) if told else (),
            stage=_text(evidence.get("stage")) or "",
            reported=True,
        )
    )
    dead = permanent and found.effect is Effect.HARD
    return Ruling(counted(found.reason, permanent=permanent), found.reason, found.rule, dead)


def _reply(evidence: Mapping[str, str | int]) -> Reply:
    code, enhanced, text = evidence.get("code"), evidence.get("enhanced"), evidence.get("text")
    return reply_of(int(code) if code else None, _text(enhanced), _text(text))


def _text(value: str | int | None) -> str | None:
    return None if value is None else str(value)
