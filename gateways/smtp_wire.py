"""What goes over an SMTP connection for one mail, byte by byte (RFC 5321)."""

from __future__ import annotations

import re

from domain.assembly import OutgoingMail
from domain.smtp_reply import Reply, Stage

#: No blank, quote, angle bracket, backslash or control character: nothing that could end the command it stands in.
_SAFE_ADDRESS = re.compile(r"[^\x00-\x20\"<>\\\x7f-\xa0\u2028\u2029]{1,320}")
_ANY_LINE_END = re.compile(rb"\r\n|\r|\n")


def mail_command(mail: OutgoingMail, extensions: frozenset[str]) -> bytes:
    parameters = ""
    if mail.needs_smtputf8:  # RFC 6531, 3.4 and 3.6
        parameters = " SMTPUTF8 BODY=8BITMIME" if "8bitmime" in extensions else " SMTPUTF8"
    return f"MAIL FROM:<{mail.sender}>{parameters}\r\n".encode()


def rcpt_command(mail: OutgoingMail) -> bytes:
    return f"RCPT TO:<{mail.recipient}>\r\n".encode()


def body(mail: OutgoingMail) -> bytes:
    """The mail as it follows DATA, with the final dot (RFC 5321, 4.5.2)."""
    return mail.raw + b".\r\n" if mail.is_wire_ready else stuffed(mail.raw)


def stuffed(raw: bytes) -> bytes:
    """Any bytes as they follow DATA: CRLF line ends, leading dots doubled, the final dot.

    A bare CR or LF becomes a CRLF: servers disagree on what it ends (SMTP smuggling, CVE-2023-51764).
    """
    if not raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r"):
        raw = _ANY_LINE_END.sub(b"\r\n", raw)
    doubled = raw.replace(b"\r\n.", b"\r\n..")
    first = b"." if doubled.startswith(b".") else b""
    return first + doubled + (b".\r\n" if doubled.endswith(b"\r\n") else b"\r\n.\r\n")


def cannot_carry(mail: OutgoingMail, extensions: frozenset[str]) -> Reply | None:
    """Our own refusal of a mail that must not reach the wire, worded as a relay would word it."""
    if mail.needs_smtputf8 and "smtputf8" not in extensions:
        return Reply(553, "5.6.7 the relay does not offer SMTPUTF8, which this mail needs", Stage.RCPT)
    if not _carriable(mail.sender, mail):
        return Reply(553, "5.1.7 the sender's address cannot be carried by SMTP", Stage.MAIL)
    if not _carriable(mail.recipient, mail):
        return Reply(553, "5.1.3 the address cannot be carried by SMTP", Stage.RCPT)
    return None


def _carriable(address: str, mail: OutgoingMail) -> bool:
    return _SAFE_ADDRESS.fullmatch(address) is not None and (mail.needs_smtputf8 or address.isascii())
