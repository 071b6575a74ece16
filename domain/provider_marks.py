"""The id of an email in a header that a mail provider keeps, takes out of the mail, and tells in its webhooks.

Needed where neither our Message-ID nor the envelope sender comes back: Postmark gives mails ids of its own, and
SendGrid leaves the Message-ID out of what it tells of readers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from domain.assembly import OutgoingMail

MARK = "email-id"  #: what the id is called there


class MarkedFor(StrEnum):
    SENDGRID = "sendgrid"
    MAILGUN = "mailgun"
    POSTMARK = "postmark"


#: docs: SendGrid "X-SMTPAPI, unique arguments"; Mailgun "attaching data to messages"; Postmark "custom metadata, SMTP".
_HEADERS: Mapping[MarkedFor, str] = {
    MarkedFor.SENDGRID: f'X-SMTPAPI: {{"unique_args": {{"{MARK}": "@"}}}}\r\n',
    MarkedFor.MAILGUN: f'X-Mailgun-Variables: {{"{MARK}": "@"}}\r\n',
    MarkedFor.POSTMARK: f"X-PM-Metadata-{MARK}: @\r\n",
}


def marked(mail: OutgoingMail, provider: MarkedFor) -> OutgoingMail:
    """The mail with its mark in front: no signature covers it, so it may be taken out again."""
    header = _HEADERS[provider].replace("@", mail.email_id).encode()
    return replace(mail, raw=header + mail.raw, signature_bytes=0)
