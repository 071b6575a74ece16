"""From the words and codes of a refusal to a verdict, with what it rests on.

Text beats code, and code beats class: servers say 550 5.1.1 of full mailboxes (docs/classification.md).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from domain.classification.codes import VAGUE, by_code, by_enhanced, enhanced_in
from domain.classification.reasons import DEAD, MEANING, Effect, Reason, Scope
from domain.classification.rules import Rule, normal, reply_rules

_CODE = re.compile(r"(?<![\w.\[/=-])([45]\d\d)(?=[ \-:,;#]|$)")
_TIMED_OUT = re.compile(r"timed?[ -]?out", re.IGNORECASE)
_HINTS = ("after", "reply to", "response to", ">>>", "refused to talk", "does not like")
_STAGE = re.compile(
    r"(?P<mail>(?:after|in reply to|response to|>>>) mail\b)"
    r"|(?P<connect>(?:after|in reply to|response to|>>>) (?:initial connection|[he][he]lo|lhlo|connect)"
    r"|refused to talk to me)"
    r"|(?P<rcpt>(?:after|in reply to|response to|>>>) rcpt\b|does not like recipient)"
    r"|(?P<data>(?:after|in reply to|response to|>>>) (?:end of data|data|pipelined)|after i sent the message)"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why, and what decided."""

    reason: Reason
    rule: str  #: "text:<rule>", "enhanced:<code>", "code:<code>" or "class:<code>"; nothing of the text
    confidence: str  #: text, code or fallback
    effect: Effect = Effect.SOFT
    scope: Scope = Scope.RECIPIENT
    code: int | None = None  #: RFC 5321
    enhanced: str | None = None  #: RFC 3463
    text: str = ""  #: what was judged, as it came
    permanent: bool | None = None  #: whether it was refused for good
    stage: str = ""  #: what was refused, where that is known
    told: str = ""  #: words of the one that reports it, where it was those that decided


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is known of one refusal."""

    text: str  #: the words of the server that refused
    code: int | None = None
    enhanced: str | None = None
    permanent: bool | None = None  #: None: nobody says; a returned mail is taken for permanently refused
    notices: tuple[str, ...] = ()  #: words around them, of the one that reports it; the nearest first
    stage: str = ""  #: what was refused: connect, mail, rcpt, data; empty where it is not known
    delayed: bool = False  #: it is still tried
    reported: bool = False  #: by who tried again and again, not said to us


def refusal(text: str, *, status: str | None = None, failed: bool = True, notices: tuple[str, ...] = ()) -> Refusal:
    """What a report says. Codes in the server's words stand above its `status`; `failed` is false for a delay."""
    code = code_in(text)
    enhanced = _exact(enhanced_in(text), status)
    permanent = _permanent(code, status or enhanced) and failed
    return Refusal(text, code, enhanced, permanent, notices, stage_in(text), delayed=not failed, reported=True)


def judged(refusal: Refusal) -> Verdict:
    """Why the server refused. Never raises; what nothing is known of is `unknown`."""
    rule = reply_rules().first(normal(refusal.text), refusal.permanent)
    exact = refusal.enhanced and by_enhanced(refusal.enhanced)
    telling = exact and refusal.enhanced and refusal.enhanced[2:] not in VAGUE
    if rule and not (rule.weak and telling):
        return _by_rule(rule, refusal)
    if exact and telling:
        return _verdict(refusal, exact, f"enhanced:{refusal.enhanced}", "code")
    for notice in refusal.notices:
        if rule := reply_rules().first(normal(notice), refusal.permanent, told=True):
            return replace(_by_rule(rule, refusal), told=notice)
    if refusal.delayed:
        return _verdict(refusal, Reason.EXPIRED, "action:delayed", "code")
    if exact:
        return _verdict(refusal, exact, f"enhanced:{refusal.enhanced}", "code")
    return _by_class(refusal)


def code_in(text: str) -> int | None:
    """The first reply code of a refusal in the text."""
    found = _CODE.search(text)
    return int(found.group(1)) if found else None


#: Of whom it is said at each stage, where neither words nor codes say more.
_BY_STAGE = {
    "connect": Reason.BLOCKED,
    "mail": Reason.SENDER_REJECTED,
    "rcpt": Reason.RECIPIENT_REJECTED,
}


def stage_in(text: str) -> str:
    """What was refused, in the words of Postfix, Exim, sendmail and qmail."""
    lowered = text.lower()
    found = _STAGE.search(lowered) if any(hint in lowered for hint in _HINTS) else None
    return found.lastgroup or "" if found else ""


def _by_class(refusal: Refusal) -> Verdict:
    code = refusal.code
    if code is not None and (reason := by_code(code)):
        return _verdict(refusal, reason, f"code:{code}", "code")
    reason = _BY_STAGE.get(refusal.stage, Reason.UNKNOWN) if refusal.permanent else Reason.UNKNOWN
    return _verdict(refusal, reason, f"class:{code or refusal.enhanced or 'none'}", "fallback")


def _by_rule(rule: Rule, refusal: Refusal) -> Verdict:
    return _verdict(refusal, rule.reason, f"text:{rule.id}", "text", rule)


def _verdict(refusal: Refusal, reason: Reason, name: str, confidence: str, rule: Rule | None = None) -> Verdict:
    """A verdict for this reason. What is said of an address in answer to MAIL FROM is said of ours."""
    text = refusal.text or next(filter(None, refusal.notices), "")
    passing = refusal.permanent is False
    if reason is Reason.NETWORK_ERROR and refusal.reported and passing and _TIMED_OUT.search(text):
        reason = Reason.EXPIRED  # it was not reached in all the time it was tried
    if refusal.stage == "mail" and reason in DEAD:
        reason = Reason.SENDER_REJECTED
    meaning = MEANING[reason]
    effect = meaning.passing if passing else (rule and rule.effect) or meaning.permanent
    if effect is Effect.HARD and (confidence == "fallback" or reason not in DEAD):
        effect = Effect.SOFT
    scope = rule.scope if rule and rule.reason is reason else meaning.scope
    code, enhanced, permanent = refusal.code, refusal.enhanced, refusal.permanent
    return Verdict(reason, name, confidence, effect, scope, code, enhanced, text, permanent, refusal.stage)


def _exact(said: str | None, status: str | None) -> str | None:
    """A status that says nothing (x.0.0) gives way to the code in the words."""
    if status and status[2:] != "0.0":
        return said if said and status[2:] in VAGUE and said[2:] != "0.0" else status
    return said or status


def _permanent(code: int | None, status: str | None) -> bool:
    if code is not None:
        return code >= 500
    return status is None or status[0] != "4"
