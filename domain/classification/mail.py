"""The inbound pipeline: from the bytes of a mail to what it says of mail of ours.

A pure function that never raises. Steps in order, the first that knows decides: reports made for machines first, then
bounces in prose, and only then auto-replies: half of all bounces carry Auto-Submitted, so it proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from domain.classification import machine_reports, prose
from domain.classification.classified import Classified, MailKind
from domain.classification.inbound import Inbound
from domain.classification.mail_rules import mail_rules
from domain.classification.parts import read_mail
from domain.classification.rules import normal, reply_rules


def classify(raw: bytes, *, sent_to: str = "") -> Classified:
    """What the mail is, whom it is about and why; `sent_to` is the address it was delivered to, where that is known."""
    inbound = Inbound(read_mail(raw), sent_to)
    for step in _STEPS:
        if found := step(inbound):
            return found
    return inbound.told(MailKind.OTHER, "nothing")


def load_rules() -> None:
    """Read, compile and warm the rules now, which takes some tenths of a second, instead of with the first mails.

    Raises:
        InvalidDefinition: a rule is wrong.
    """
    for rule in reply_rules().rules:
        reply_rules().first(normal(rule.example))
    for asked in mail_rules().rules:
        mail_rules().met({asked.field: asked.example.lower()})


_STEPS: Sequence[Callable[[Inbound], Classified | None]] = (
    machine_reports.feedback_report,
    machine_reports.read_receipt,
    machine_reports.delivery_report,
    machine_reports.calendar_answer,
    machine_reports.provider_report,
    machine_reports.amazon_notice,
    prose.challenge,
    prose.prose_bounce,
    prose.list_noise,
    prose.way_out,
    prose.autoreply,
    prose.unsubscribe_words,
    prose.reply,
)
