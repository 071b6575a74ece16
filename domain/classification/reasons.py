"""Why an email was not delivered, and what each reason asks for (contracts.md D13; docs/classification.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


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


class Effect(StrEnum):
    """What a refusal says of the address."""

    HARD = "hard"  #: it is dead: suppress it
    SOFT = "soft"  #: this email did not arrive; the address may be well
    THROTTLE = "throttle"  #: nothing is wrong with this email: slow down


class Scope(StrEnum):
    """Whom a refusal concerns."""

    RECIPIENT = "recipient"
    DOMAIN = "domain"  #: all mail to that provider
    CAMPAIGN = "campaign"  #: this content, whoever gets it
    US = "us"  #: our set-up: sender, signatures, servers


@dataclass(frozen=True, slots=True)
class Meaning:
    permanent: Effect  #: of a 5xx
    passing: Effect  #: of a 4xx
    scope: Scope


_HARD = Meaning(Effect.HARD, Effect.SOFT, Scope.RECIPIENT)
_SOFT = Meaning(Effect.SOFT, Effect.SOFT, Scope.RECIPIENT)
_OURS = Meaning(Effect.SOFT, Effect.SOFT, Scope.US)
_CONTENT = Meaning(Effect.SOFT, Effect.SOFT, Scope.CAMPAIGN)
_SLOW = Meaning(Effect.SOFT, Effect.THROTTLE, Scope.DOMAIN)

MEANING: Mapping[Reason, Meaning] = {
    Reason.USER_UNKNOWN: _HARD,
    Reason.MOVED: _HARD,
    Reason.MAILBOX_DISABLED: _HARD,
    Reason.HOST_UNKNOWN: _HARD,
    Reason.NO_MAIL_HOST: _HARD,
    Reason.RECIPIENT_REJECTED: _SOFT,
    Reason.MAILBOX_FULL: _SOFT,
    Reason.MESSAGE_TOO_BIG: _CONTENT,
    Reason.EXPIRED: _SOFT,
    Reason.NETWORK_ERROR: _SOFT,
    Reason.REMOTE_ERROR: _SOFT,
    Reason.RATE_LIMITED: Meaning(Effect.THROTTLE, Effect.THROTTLE, Scope.DOMAIN),
    Reason.BLOCKED: _SLOW,
    Reason.AUTH_FAILURE: _OURS,
    Reason.TLS_FAILURE: _OURS,
    Reason.SENDER_REJECTED: _OURS,
    Reason.SPAM_CONTENT: _CONTENT,
    Reason.VIRUS_CONTENT: _CONTENT,
    Reason.CONTENT_ERROR: _CONTENT,
    Reason.POLICY: _CONTENT,
    Reason.PROTOCOL_ERROR: _OURS,
    Reason.UNKNOWN: _SOFT,
}

#: Reasons whose 5xx proves that the address is dead, when text or enhanced code say so.
DEAD = frozenset(reason for reason, meaning in MEANING.items() if meaning.permanent is Effect.HARD)
#: Our side's fault: not delivered, shown apart, never held against the recipient.
OURS = frozenset(
    {
        Reason.AUTH_FAILURE, Reason.SENDER_REJECTED, Reason.SPAM_CONTENT, Reason.VIRUS_CONTENT,
        Reason.CONTENT_ERROR, Reason.POLICY, Reason.MESSAGE_TOO_BIG,
    }
)  # fmt: skip
