"""Our answers in the words of the scorers of labelled bounces: `score_bounces.py` and `score_replies.py`.

score_bounces.py tests.domain.classification.bounce_scoring:mail
score_replies.py tests.domain.classification.bounce_scoring:reply
"""

from __future__ import annotations

from domain.classification.classified import MailKind, Recipient
from domain.classification.mail import classify
from domain.classification.reasons import Effect
from domain.smtp_reply import Reply, Stage, is_dead, verdict

_OTHER = {MailKind.READ_RECEIPT, MailKind.CALENDAR, MailKind.CHALLENGE, MailKind.OTHER}


def mail(raw: bytes) -> list[dict[str, str | None]]:
    """One entry per person that the mail is about."""
    return [_entry(person) for person in classify(raw).recipients]


def _entry(person: Recipient) -> dict[str, str | None]:
    found = person.verdict
    return {
        "recipient": person.address,
        "kind": _kind(person),
        "reason": str(found.reason) if found else None,
        "status": found.enhanced if found else None,
    }


def _kind(person: Recipient) -> str:
    if person.verdict is not None:
        return "hard" if person.verdict.effect is Effect.HARD else "soft"
    return "other" if person.kind in _OTHER else str(person.kind)


def reply(code: int, enhanced: str | None, text: str, command: str | None) -> dict[str, str]:
    """What a reply means that came in answer to `command`."""
    said = text if enhanced is None or enhanced in text else f"{enhanced} {text}"
    given = Reply(code, said, _STAGES.get((command or "")[:4].upper(), Stage.DATA))
    return {"kind": "hard" if is_dead(given) else "soft", "reason": str(verdict(given).reason)}


_STAGES = {
    "CONN": Stage.CONNECT, "HELO": Stage.CONNECT, "EHLO": Stage.CONNECT, "LHLO": Stage.CONNECT,
    "MAIL": Stage.MAIL, "RCPT": Stage.RCPT,
}  # fmt: skip
