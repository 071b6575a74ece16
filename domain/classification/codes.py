"""What reply codes mean by themselves: RFC 3463, RFC 5321, IANA's registry of enhanced status codes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from domain.classification.reasons import Reason

#: RFC 3463, 2; not a part of an IP address or version.
ENHANCED = re.compile(r"(?<![\w.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")

#: Subject and detail of an RFC 3463 code, the class left out.
_DETAIL: Mapping[str, Reason] = {
    "1.1": Reason.USER_UNKNOWN, "1.2": Reason.HOST_UNKNOWN, "1.3": Reason.USER_UNKNOWN, "1.4": Reason.USER_UNKNOWN,
    "1.6": Reason.MOVED, "1.7": Reason.SENDER_REJECTED, "1.8": Reason.SENDER_REJECTED, "1.10": Reason.NO_MAIL_HOST,
    "2.0": Reason.RECIPIENT_REJECTED, "2.1": Reason.MAILBOX_DISABLED, "2.2": Reason.MAILBOX_FULL,
    "2.3": Reason.MESSAGE_TOO_BIG, "2.4": Reason.USER_UNKNOWN,
    "3.0": Reason.REMOTE_ERROR, "3.1": Reason.REMOTE_ERROR, "3.2": Reason.NO_MAIL_HOST, "3.3": Reason.REMOTE_ERROR,
    "3.4": Reason.MESSAGE_TOO_BIG, "3.5": Reason.REMOTE_ERROR,
    "4.0": Reason.NETWORK_ERROR, "4.1": Reason.NETWORK_ERROR, "4.2": Reason.NETWORK_ERROR, "4.3": Reason.NETWORK_ERROR,
    "4.4": Reason.HOST_UNKNOWN, "4.5": Reason.RATE_LIMITED, "4.6": Reason.NETWORK_ERROR, "4.7": Reason.EXPIRED,
    "5.0": Reason.PROTOCOL_ERROR, "5.1": Reason.PROTOCOL_ERROR, "5.2": Reason.PROTOCOL_ERROR,
    "5.3": Reason.RATE_LIMITED, "5.4": Reason.PROTOCOL_ERROR,
    "6.0": Reason.CONTENT_ERROR, "6.1": Reason.CONTENT_ERROR, "6.2": Reason.CONTENT_ERROR, "6.3": Reason.CONTENT_ERROR,
    "6.6": Reason.CONTENT_ERROR, "6.7": Reason.CONTENT_ERROR,
    "7.0": Reason.POLICY, "7.1": Reason.POLICY, "7.2": Reason.POLICY, "7.7": Reason.POLICY, "7.8": Reason.POLICY,
    "7.9": Reason.POLICY,
    "7.4": Reason.TLS_FAILURE, "7.10": Reason.TLS_FAILURE, "7.30": Reason.TLS_FAILURE,
    "7.13": Reason.MAILBOX_DISABLED, "7.17": Reason.MOVED, "7.18": Reason.HOST_UNKNOWN,
    "7.20": Reason.AUTH_FAILURE, "7.21": Reason.AUTH_FAILURE, "7.22": Reason.AUTH_FAILURE,
    "7.23": Reason.AUTH_FAILURE, "7.24": Reason.AUTH_FAILURE, "7.26": Reason.AUTH_FAILURE, "7.29": Reason.AUTH_FAILURE,
    "7.509": Reason.AUTH_FAILURE, "7.515": Reason.AUTH_FAILURE,
    "7.25": Reason.BLOCKED, "7.27": Reason.SENDER_REJECTED, "7.28": Reason.RATE_LIMITED,
}  # fmt: skip

#: Basic codes that say enough by themselves (RFC 5321, 4.2.3; RFC 7504).
_BASIC: Mapping[int, Reason] = {
    421: Reason.RATE_LIMITED, 452: Reason.RATE_LIMITED,
    521: Reason.NO_MAIL_HOST, 556: Reason.NO_MAIL_HOST, 551: Reason.MOVED, 552: Reason.MAILBOX_FULL,
    500: Reason.PROTOCOL_ERROR, 501: Reason.PROTOCOL_ERROR, 502: Reason.PROTOCOL_ERROR, 503: Reason.PROTOCOL_ERROR,
    504: Reason.PROTOCOL_ERROR,
}  # fmt: skip

#: Subjects and details that servers use for anything: text of the notice around them says more.
VAGUE = frozenset({"0.0", "1.0", "2.0", "3.0", "4.0", "5.0", "6.0", "7.0", "7.1"})


def enhanced_in(text: str) -> str | None:
    """The first RFC 3463 code in the text, such as "5.1.1"."""
    found = ENHANCED.search(text)
    return found.group(1) if found else None


def by_enhanced(enhanced: str) -> Reason | None:
    detail = enhanced[2:]
    if detail == "3.2" and enhanced[0] == "4":  # "not accepting messages": for now, it is busy
        return Reason.RATE_LIMITED
    return _DETAIL.get(detail)


def by_code(code: int) -> Reason | None:
    return _BASIC.get(code)
