"""A mark comes back in webhooks, and changes nothing else of a mail."""

from __future__ import annotations

import json
from email import message_from_bytes

import pytest

from domain.assembly import OutgoingMail
from domain.provider_marks import MarkedFor, marked
from tests.builders import an_id

EMAIL = f"{'c' * 40}:{an_id('ann@example.com')}:65535"
RAW = b"DKIM-Signature: v=1\r\nSubject: Hello\r\n\r\n.. dots\r\n"
MAIL = OutgoingMail(EMAIL, "b@green.example", "ann@example.com", RAW, False, True, 21)


@pytest.mark.parametrize("provider", MarkedFor)
def test_a_marked_mail_is_the_same_below_one_header(provider: MarkedFor) -> None:
    found = marked(MAIL, provider)
    header, _, rest = found.raw.partition(b"\r\n")
    assert rest == MAIL.raw
    assert (found.email_id, found.sender, found.is_wire_ready) == (EMAIL, MAIL.sender, True)
    assert EMAIL.encode() in header
    assert len(header) < 998, "RFC 5322, 2.1.1"


def test_the_marks_are_what_the_providers_read() -> None:
    def value(provider: MarkedFor, header: str) -> str:
        return str(message_from_bytes(marked(MAIL, provider).raw)[header])

    assert json.loads(value(MarkedFor.SENDGRID, "X-SMTPAPI")) == {"unique_args": {"email-id": EMAIL}}
    assert json.loads(value(MarkedFor.MAILGUN, "X-Mailgun-Variables")) == {"email-id": EMAIL}
    told = value(MarkedFor.POSTMARK, "X-PM-Metadata-email-id")
    assert told == EMAIL
    assert len(told) <= 80, "as long as Postmark lets a value be"
