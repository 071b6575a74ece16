"""What an SMTP reply says about an email and about its address (D13, RFC 5321, RFC 3463).

Two answers, never mixed: how the failure is counted, and whether the address is dead.
Text beats code, and code beats class: servers say 550 5.1.1 of full mailboxes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

#: RFC 3463, 2; not a part of an IP address or version.
ENHANCED = re.compile(r"(?<![\w.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")
MAX_TEXT = 500  #: characters of a reply that are looked at and kept


class Stage(StrEnum):
    """Where in the dialogue the reply came."""

    CONNECT = "connect"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class Reply:
    code: int
    text: str  #: all lines joined by blanks, without the codes
    stage: Stage = Stage.DATA
    relay: str = ""

    @property
    def enhanced(self) -> str | None:
        """The RFC 3463 code in the text, such as "5.1.1"."""
        found = ENHANCED.search(self.text[:MAX_TEXT])
        return found.group(1) if found else None

    @property
    def permanent(self) -> bool:
        return self.code >= 500


class Reason(StrEnum):
    """Why an email was not delivered; the vocabulary of contracts.md."""

    USER_UNKNOWN = "user_unknown"
    MOVED = "moved"
    MAILBOX_DISABLED = "mailbox_disabled"
    HOST_UNKNOWN = "host_unknown"
    NO_MAIL_HOST = "no_mail_host"
    RECIPIENT_REJECTED = "recipient_rejected"
    MAILBOX_FULL = "mailbox_full"
    MESSAGE_TOO_BIG = "message_too_big"
    EXPIRED = "expired"
    NETWORK_ERROR = "network_error"
    REMOTE_ERROR = "remote_error"
    RATE_LIMITED = "rate_limited"
    BLOCKED = "blocked"
    AUTH_FAILURE = "auth_failure"
    TLS_FAILURE = "tls_failure"
    SENDER_REJECTED = "sender_rejected"
    SPAM_CONTENT = "spam_content"
    VIRUS_CONTENT = "virus_content"
    CONTENT_ERROR = "content_error"
    POLICY = "policy"
    PROTOCOL_ERROR = "protocol_error"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    reason: Reason
    rule: str  #: what decided: "text:<rule>", "enhanced:<code>", "code:<code>" or "class:<code>"
    confidence: str  #: text, code or fallback


#: Reasons whose 5xx proves that the address is dead, when text or enhanced code say so.
DEAD = frozenset({Reason.USER_UNKNOWN, Reason.MOVED, Reason.MAILBOX_DISABLED, Reason.HOST_UNKNOWN, Reason.NO_MAIL_HOST})
#: Our side's fault: not delivered, shown apart, never held against the recipient.
OURS = frozenset(
    {
        Reason.AUTH_FAILURE, Reason.SENDER_REJECTED, Reason.SPAM_CONTENT, Reason.VIRUS_CONTENT,
        Reason.CONTENT_ERROR, Reason.POLICY, Reason.MESSAGE_TOO_BIG,
    }
)  # fmt: skip

#: In this order: what is said of us comes before what it could be taken for when said of the recipient.
#: Quantifiers are bounded, so that the time is linear in the text.
_TEXT_RULES: tuple[tuple[str, Reason], ...] = (
    (r"sender.{0,40}(reject|denied|unknown|not found|does ?n.t exist|verif|invalid)|return.?path|envelope.?from", Reason.SENDER_REJECTED),  # noqa: E501
    (r"\b(helo|ehlo)\b|client host|(your|sending|client).{0,10}\b(host|ip|server)|reverse dns|\b(ptr|rdns)\b|hostname", Reason.BLOCKED),  # noqa: E501
    (r"relay(ing)?.{0,20}(denied|not (allowed|permitted))|authentication (is )?required", Reason.POLICY),
    (r"(mailbox|quota|storage|inbox).{0,30}(full|exceed|limit)|over ?quota|insufficient (system )?storage|out of storage", Reason.MAILBOX_FULL),  # noqa: E501
    (r"gr[ea]y.?list|temporarily deferred|rate.?limit|too many (connections|messages|sessions|recipients)|receiving mail at a rate|server busy|unusual rate", Reason.RATE_LIMITED),  # noqa: E501
    (r"no such (user|mailbox|recipient|address)|(user|recipient|mailbox|address|account).{0,20}(unknown|do(es)? ?n.t exist|does not exist|not (found|exist)|invalid)|(unknown|invalid) (user|recipient|mailbox|address)|no mailbox here", Reason.USER_UNKNOWN),  # noqa: E501
    (r"recipient address rejected: access denied", Reason.USER_UNKNOWN),  # Microsoft's 5.4.1
    (r"(account|mailbox|user).{0,30}(disabled|inactive|suspended|expired|deactivated|locked|closed|terminated)", Reason.MAILBOX_DISABLED),  # noqa: E501
    (r"(domain|host).{0,20}(not found|unknown|does ?n.t exist|does not exist)|nxdomain", Reason.HOST_UNKNOWN),
    (r"null mx|does not accept (e-?)?mail", Reason.NO_MAIL_HOST),
    (r"(has|have) moved|no longer (at|with|here)", Reason.MOVED),
    (r"\b(dmarc|dkim|spf)\b|unauthenticated", Reason.AUTH_FAILURE),
    (r"virus|malware", Reason.VIRUS_CONTENT),
    (r"block.?list|black.?list|\bblocked\b|\blisted (in|by|at|on)\b|(poor|bad|low|ip|sender) reputation", Reason.BLOCKED),  # noqa: E501
    (r"\bspam\b|unsolicited|junk", Reason.SPAM_CONTENT),
    (r"message.{0,30}(too (big|large)|size)|size limit|exceeds.{0,20}size", Reason.MESSAGE_TOO_BIG),
    (r"tls|encryption", Reason.TLS_FAILURE),
    (r"try again later", Reason.RATE_LIMITED),
)  # fmt: skip
_TEXT = tuple((re.compile(pattern, re.IGNORECASE), reason) for pattern, reason in _TEXT_RULES)

#: Detail of RFC 3463 codes, class digit left out (IANA SMTP Enhanced Status Codes; classification.md, 5).
_ENHANCED: dict[str, Reason] = {
    "1.1": Reason.USER_UNKNOWN, "1.2": Reason.HOST_UNKNOWN, "1.3": Reason.USER_UNKNOWN,
    "1.6": Reason.MOVED, "1.7": Reason.SENDER_REJECTED, "1.8": Reason.SENDER_REJECTED, "1.10": Reason.NO_MAIL_HOST,
    "2.0": Reason.RECIPIENT_REJECTED, "2.1": Reason.MAILBOX_DISABLED, "2.2": Reason.MAILBOX_FULL,
    "2.3": Reason.MESSAGE_TOO_BIG, "3.2": Reason.NO_MAIL_HOST, "3.4": Reason.MESSAGE_TOO_BIG,
    "1.4": Reason.USER_UNKNOWN, "2.4": Reason.USER_UNKNOWN,
    "3.0": Reason.REMOTE_ERROR, "3.1": Reason.REMOTE_ERROR, "3.3": Reason.REMOTE_ERROR, "3.5": Reason.REMOTE_ERROR,
    "4.0": Reason.NETWORK_ERROR, "4.1": Reason.NETWORK_ERROR, "4.2": Reason.NETWORK_ERROR, "4.3": Reason.NETWORK_ERROR,
    "4.4": Reason.HOST_UNKNOWN, "4.5": Reason.RATE_LIMITED, "4.6": Reason.NETWORK_ERROR, "4.7": Reason.EXPIRED,
    "5.0": Reason.PROTOCOL_ERROR, "5.1": Reason.PROTOCOL_ERROR, "5.2": Reason.PROTOCOL_ERROR,
    "5.3": Reason.RATE_LIMITED, "5.4": Reason.PROTOCOL_ERROR,
    "6.0": Reason.CONTENT_ERROR, "6.1": Reason.CONTENT_ERROR, "6.2": Reason.CONTENT_ERROR, "6.3": Reason.CONTENT_ERROR,
    "6.6": Reason.CONTENT_ERROR, "6.7": Reason.CONTENT_ERROR,
    "7.0": Reason.POLICY, "7.1": Reason.POLICY, "7.2": Reason.POLICY, "7.8": Reason.POLICY,
    "7.4": Reason.TLS_FAILURE, "7.10": Reason.TLS_FAILURE, "7.30": Reason.TLS_FAILURE,
    "7.13": Reason.MAILBOX_DISABLED, "7.17": Reason.MOVED, "7.18": Reason.HOST_UNKNOWN,
    "7.20": Reason.AUTH_FAILURE, "7.21": Reason.AUTH_FAILURE, "7.22": Reason.AUTH_FAILURE,
    "7.23": Reason.AUTH_FAILURE, "7.24": Reason.AUTH_FAILURE, "7.26": Reason.AUTH_FAILURE, "7.29": Reason.AUTH_FAILURE,
    "7.25": Reason.BLOCKED, "7.27": Reason.SENDER_REJECTED, "7.28": Reason.RATE_LIMITED,
}  # fmt: skip


#: Codes that say enough by themselves (RFC 5321, 4.2.3; RFC 7504).
_BASIC: dict[int, Reason] = {
    452: Reason.RATE_LIMITED, 521: Reason.NO_MAIL_HOST, 556: Reason.NO_MAIL_HOST, 552: Reason.MAILBOX_FULL,
    500: Reason.PROTOCOL_ERROR, 501: Reason.PROTOCOL_ERROR, 502: Reason.PROTOCOL_ERROR, 503: Reason.PROTOCOL_ERROR,
    504: Reason.PROTOCOL_ERROR,
}  # fmt: skip


def verdict(reply: Reply) -> Verdict:
    """Why the server refused. Never raises; an unreadable reply is `unknown`."""
    text = reply.text[:MAX_TEXT]
    for pattern, reason in _TEXT:
        if pattern.search(text):
            return Verdict(reason, f"text:{reason}", "text")
    if reply.enhanced and (known := _by_enhanced(reply)):
        return Verdict(known, f"enhanced:{reply.enhanced}", "code")
    if reply.code == 421:
        return Verdict(Reason.RATE_LIMITED, "code:421", "code")
    if reply.code in _BASIC:
        return Verdict(_BASIC[reply.code], f"code:{reply.code}", "code")
    if reply.stage is Stage.RCPT and reply.permanent:
        return Verdict(Reason.RECIPIENT_REJECTED, f"class:{reply.code}", "fallback")
    return Verdict(Reason.UNKNOWN, f"class:{reply.code}", "fallback")


def _by_enhanced(reply: Reply) -> Reason | None:
    detail = (reply.enhanced or "")[2:]
    if detail == "3.2" and not reply.permanent:  # "not accepting messages": for now, it is busy
        return Reason.RATE_LIMITED
    return _ENHANCED.get(detail)


def is_dead(reply: Reply) -> bool:
    """Whether the reply proves that the address is dead, so that it is suppressed (D13)."""
    found = verdict(reply)
    return reply.permanent and found.reason in DEAD and found.confidence != "fallback"
