"""Mails that come back, as other mail servers and people write them."""

from __future__ import annotations

from collections.abc import Mapping


def dsn(
    *failed: str,
    status: str = "5.1.1",
    said: str = "550 5.1.1 no such user",
    action: str = "failed",
    returned: Mapping[str, str] | None = None,
    message_id: str = "<dsn-1@mx.there.example>",
    original: str | None = None,
    actual: str | None = None,
) -> bytes:
    """A delivery report of Postfix about these addresses."""
    blocks = "\n".join(
        f"Final-Recipient: rfc822; {one}\n"
        + (f"Original-Recipient: rfc822; {original}\n" if original else "")
        + (f"X-Actual-Recipient: rfc822; {actual}\n" if actual else "")
        + f"Action: {action}\nStatus: {status}\nDiagnostic-Code: smtp; {said}\n"
        for one in failed
    )
    attached = "".join(f"{name}: {value}\n" for name, value in (returned or {"Subject": "Spring"}).items())
    return _wired(
        f"""From: Mail Delivery System <MAILER-DAEMON@mx.there.example>
To: somebody@bounces.example
Subject: Undelivered Mail Returned to Sender
Message-ID: {message_id}
Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"

--=_b
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.there.example. I'm sorry to have to inform you that your message could not
be delivered to one or more recipients.

--=_b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.there.example

{blocks}
--=_b
Content-Type: message/rfc822

{attached}
Hello

--=_b--
"""
    )


def arf(*, kind: str = "abuse", returned: Mapping[str, str] | None = None) -> bytes:
    """A feedback report (RFC 5965)."""
    attached = "".join(f"{name}: {value}\n" for name, value in (returned or {"Subject": "Spring"}).items())
    return _wired(
        f"""From: Feedback <fbl@provider.example>
To: fbl@bounces.example
Subject: FW: Spring
Message-ID: <arf-1@provider.example>
Content-Type: multipart/report; report-type=feedback-report; boundary="=_b"

--=_b
Content-Type: text/plain

This is an email abuse report.

--=_b
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Provider/1
Version: 1

--=_b
Content-Type: message/rfc822

{attached}
Hello

--=_b--
"""
    )


def letter(
    text: str,
    *,
    sender: str = "Ann <ann@example.com>",
    subject: str = "Re: Spring",
    headers: Mapping[str, str] | None = None,
    message_id: str = "<letter-1@example.com>",
) -> bytes:
    """A mail of a person, or of a machine by its headers."""
    more = "".join(f"{name}: {value}\n" for name, value in (headers or {}).items())
    return _wired(
        f"From: {sender}\nTo: somebody@bounces.example\nSubject: {subject}\nMessage-ID: {message_id}\n{more}"
        f"Content-Type: text/plain; charset=utf-8\n\n{text}\n"
    )


def _wired(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()
