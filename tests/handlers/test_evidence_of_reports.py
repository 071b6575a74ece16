"""A bounce that was reported by mail is ruled on from its evidence as it was when it came in."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.classification.classified import MailKind
from domain.classification.mail import classify
from domain.classification.reasons import Effect
from domain.email import EmailState
from domain.inbound_addresses import Purpose
from domain.ruling import ruling_on
from handlers.inbound_events import About, Opened, event_of
from tests.builders import ADDRESS_KEY, NOW, an_email

MAILS = sorted((Path(__file__).parents[1] / "domain" / "classification" / "mails").glob("bounce-*.eml"))
EMAIL = an_email("ann@there.example").id
DEAD: dict[str, str | int] = {"code": 550, "enhanced": "5.1.1", "text": "550 5.1.1 no such user", "permanent": True}


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_evidence_is_ruled_on_as_the_mail_was_judged(path: Path) -> None:
    raw = path.read_bytes()
    mail = classify(raw)
    about = About(EMAIL, Purpose.BOUNCE, bounce_proven=True)
    event = event_of(Opened(raw), mail, about, at=NOW, address_key=ADDRESS_KEY)
    assert event is not None
    assert event.evidence is not None
    [person] = mail.recipients
    assert person.kind is MailKind.BOUNCE
    found = ruling_on(event.evidence.model_dump(exclude_none=True))
    verdict = person.verdict
    assert verdict is not None
    assert (found.reason, found.dead) == (verdict.reason, verdict.effect is Effect.HARD and not event.evidence.hearsay)


def test_what_is_only_heard_of_never_suppresses() -> None:
    assert ruling_on(DEAD).dead
    found = ruling_on({**DEAD, "hearsay": True})
    assert (found.dead, found.state, found.reason) == (False, EmailState.SOFT_BOUNCED, "user_unknown")


def test_a_fault_of_ours_stays_one_when_it_is_only_heard_of() -> None:
    spam: dict[str, str | int] = {"code": 554, "text": "554 5.7.1 message looks like spam", "permanent": True}
    assert ruling_on({**spam, "hearsay": True}) == ruling_on(spam)
