"""What notices of mail systems say, whatever the reason: how they quote, name and apologise; each within one line."""

from __future__ import annotations

import re


def _any(*phrases: str) -> str:
    return "(?:" + "|".join(phrases) + ")"


_ORIGINAL = _any("original", "returned", "undelivered", "unsent", "rejected", "failed")
_MAIL = _any("message", "mail", "e-?mail")

#: A line after which the returned mail stands; lower case, without what is drawn around it (`DRAWN`).
QUOTE = re.compile(
    _any(
        r"this is a copy of (?:the|your) (?:original )?(?:message|mail)",
        r"below this line is (?:a copy|the original)",
        r"enclosed is a copy",
        r"included is a copy",
        r"begin forwarded message",
        rf"{_ORIGINAL} (?:original )?{_MAIL}(?: header| text| body| info)?s?"
        r"(?: (?:follows?|below|attached)\b.{0,40})?$",
        rf"(?:the )?{_ORIGINAL}? ?message(?: text| header| body)?s? follows?\b",
        r"below is (?:a copy|the (?:original|text|header))",
        r"possibly truncated",
        r"original mail info",
        r"message headers?$",
        r"headers? of (?:the|your) (?:original )?(?:message|mail)",
        r"(?:a )?copy of (?:the|your) (?:original )?(?:message|mail)",
        r"start of (?:returned|original) message",
        r"(?:the )?(?:first .{1,20} lines?|header|text|body|content)s? of (?:the|your) (?:original |returned )?"
        r"(?:message|mail)",
        r"(?:your|the) (?:original )?(?:message|mail) (?:reads|was|begins)? ?(?:\(in part\)|as follows)",
        r"(?:the )?original message follows",
    )
)
DRAWN = " \t\r-=*_>#|.~+:"

_SURE = (
    "received", "return-path", "message-id", "mime-version", "content-type", "content-transfer-encoding",
    "dkim-signature", "reply-to", "x-mailer",
)  # fmt: skip
_OTHER = ("x-[a-z-]+", "from", "to", "cc", "subject", "date", "sender", "user-agent", "in-reply-to", "list-[a-z-]+")
HEADER = re.compile(_any(*_SURE, *_OTHER) + r"\s?:", re.IGNORECASE)
#: A header that only a returned mail has: notices write To, Subject and Date themselves.
SURE_HEADER = re.compile(_any(*_SURE) + r"\s?:", re.IGNORECASE)

_NAMES = _any(
    r"unable to deliver (?:message |mail )?to",
    r"could not be delivered to",
    r"delivery to(?: the following recipients?)?(?: failed)?",
    r"failed(?: recipients?| addresse?s?)?",
    r"(?:original |final |failed |envelope |intended )?(?:recipient|rcpt|address|addressee|user|mailbox|destination"
    r"|addressed)(?:\(s\)|s)?(?: address)?(?: to)?",
    r"rcpt to", "to", "for", r"(?:your )?message to", "mail to", "email to", "an",
    "destinataire", "empfänger", "destinatario", "收件人", "宛先",
)  # fmt: skip
#: What stands on a line before an address that is the one meant: nothing, a code, or words such as `To:`.
NAMED = re.compile(
    r"^[\s>*\-\"'(\[.•·]{0,20}(?:(?:sent )?<<< ?|>>> ?|\d{3}[- ](?:\d\.\d{1,3}\.\d{1,3} )?)?"
    rf"(?:{_NAMES}\s{{0,3}}[:;=：]?\s{{0,10}})?[\s<\[\"'(:]{{0,10}}(?:mailto:|smtp:|rfc822; ?)?$",
    re.IGNORECASE,
)
#: Words right before an address anywhere in a line.
PHRASE = re.compile(
    r"(?:\b(?:to|for|reach|recipients?|addresse?s?|user|mailbox|account|rcpt to|deliver)|[:;])"
    r"\s{0,3}[:;]?\s{0,5}[<\[\"'(]{0,2}(?:mailto:|smtp[:=])?$",
    re.IGNORECASE,
)
#: After words like these stands the list of those who did not get it.
INTRODUCED = re.compile(
    _any(
        r"following (?:recipient|address|person|people|destination|user)",
        r"did not reach",
        r"(?:failed|undeliverable|rejected) (?:address|recipient)e?s?",
        r"could not be delivered to",
        r"fatal errors",
        r"unable to deliver .{0,40} to\b",
        r"folgende[nr]? (?:empfänger|adresse)",
        r"destinataires? suivants?",
        r"destinatarios? siguientes?",
        "以下",
    ),
    re.IGNORECASE,
)
#: Beginnings of lines that every notice has, whatever the reason; and the client's side of a transcript.
BOILERPLATE = re.compile(
    _any(
        r"this is a permanent error",
        r"permanent error\b.{0,20}$",
        r"the following address",
        r"hi\. this is the",
        r"i'm (?:afraid|sorry)",
        r"sorry it didn't work",
        r"please(?:,)? (?:do not reply|send mail to|contact|forward|include)",
        r"if you (?:do so|need|have)",
        r"for (?:further|more|other) (?:assistance|information|details)",
        r"you can (?:contact|delete)",
        r"no action is",
        r"you do not need",
        r"\*{3,}|-{3,}|={3,}",
        r"this (?:message|e-?mail) was (?:created|generated)",
        r"a message that you",
        r"(?:out:\s+)?[23]\d\d[ -]|in:\s",
        r"reporting-mta|arrival-date|received-from|last-attempt",
        r"the original message was",
    )
)
#: Lines after which nothing more is said of why.
END = re.compile(
    r"the message (?:subject|date|identifier|reference|id) (?:was|is)|message (?:subject|id|date)\s?:"
    r"|(?:original|your) message (?:subject|headers?)"
)
#: Lines that say why.
TELLING = re.compile(
    r"(?<![\d.])[245]\d\d[ \-]|\b[245]\.\d\.\d{1,3}\b|said:|<<<|reason|error|diagnos|respon|because|unknown|rejected"
    r"|full",
    re.IGNORECASE,
)
