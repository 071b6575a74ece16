"""What an inbound mail turned out to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from domain.classification.parts import Headers
from domain.classification.verdict import Verdict


class MailKind(StrEnum):
    BOUNCE = "bounce"  #: a mail did not arrive
    DELAYED = "delayed"  #: it is still tried: nothing happened yet
    DELIVERED = "delivered"  #: it arrived, or was handed on to a server that reports no further
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    REPORT = "report"  #: of a provider, about no single reader: authentication failures, DMARC, TLS
    AUTOREPLY = "autoreply"
    REPLY = "reply"  #: of a person
    READ_RECEIPT = "read_receipt"
    CALENDAR = "calendar"
    CHALLENGE = "challenge"  #: asks the sender to prove that he is one; never answered
    OTHER = "other"  #: mail of machines that says nothing about ours


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom the mail reports about."""

    address: str | None  #: as reported: a forwarded mailbox is another than the one we wrote to
    kind: MailKind
    verdict: Verdict | None = None  #: of a bounce or delay
    #: The address that all this is about, where another one led there, which may be alive and keep a copy.
    elsewhere: str | None = None


@dataclass(frozen=True, slots=True)
class Original:
    """What leads back to the mail that this one answers. Nothing here is verified."""

    message_ids: tuple[str, ...] = ()  #: without brackets, the surest first: returned mail, In-Reply-To, References
    token_addresses: tuple[str, ...] = ()  #: our own signed addresses that it was sent to, or that it returns
    headers: Headers = field(default_factory=lambda: Headers([]))  #: of the returned message

    @property
    def traceable(self) -> bool:
        """Whether anything names a mail that could be ours. A bounce of which nothing does is backscatter."""
        return bool(self.message_ids or self.token_addresses)


@dataclass(frozen=True, slots=True)
class Classified:
    kind: MailKind
    rule: str  #: which step of the pipeline decided: "dsn", "arf", "notice:<rule>", "autoreply:<rule>", …
    recipients: tuple[Recipient, ...] = ()
    original: Original = field(default_factory=Original)
    sender: str | None = None  #: who wrote it
    detail: str | None = None  #: type of a report, disposition of a receipt, note of an auto-reply
