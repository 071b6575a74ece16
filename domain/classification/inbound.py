"""One inbound mail, and what the steps of the pipeline ask of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from domain.classification import notice
from domain.classification.addresses import address_of, addresses_in, tokens_in
from domain.classification.classified import Classified, MailKind, Original, Recipient
from domain.classification.mail_rules import mail_rules
from domain.classification.parts import Headers, Part, read_headers

RULED = 4000  #: characters of a text that rules look at
_MESSAGE_ID = re.compile(r"<([^<>\s]{3,250}@[^<>\s]{1,250})>")
_MAX_IDS = 20
#: Headers that say to whom a mail was delivered.
TO = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-rcpt-to", "to", "cc")


@dataclass(frozen=True)
class Inbound:
    """A mail, and what the steps ask of it. Everything is worked out once, when it is asked for."""

    mail: Part
    sent_to: str

    @cached_property
    def parts(self) -> Sequence[Part]:
        return list(self.mail.walk())

    @property
    def headers(self) -> Headers:
        return self.mail.headers

    @cached_property
    def sender(self) -> str | None:
        return address_of(self.headers.text("from"))

    @cached_property
    def full_text(self) -> str:
        """The words of the mail itself, without those of mails attached to it."""
        own = [part for part in self.parts if not part.returned and not part.children]
        plain = [part.text() for part in own if part.type == "text/plain" and not _is_attached(part)]
        if any(text.strip() for text in plain):
            return "\n".join(plain[:4])
        return "\n".join(part.text() for part in own[:4] if part.type == "text/html")

    @cached_property
    def notice(self) -> notice.Notice:
        return notice.split_notice(self.full_text)

    @cached_property
    def returned(self) -> Headers:
        """Headers of the mail that this one returns: attached, or quoted below the text."""
        for part in self.parts:
            if part.returned and part.headers:
                return part.headers
            if part.type in {"text/rfc822-headers", "message/rfc822-headers"}:
                text = part.text().lstrip().encode("utf-8", "replace")
                return read_headers(text)[0]
        return self.notice.returned

    @cached_property
    def met(self) -> Mapping[tuple[str, str], str]:
        """Ids of the mail rules that are met, by kind and field."""
        values = {
            "from": self.headers.text("from"),
            "subject": self.headers.text("subject"),
            "text": self.notice.text[:RULED],
        }
        return mail_rules().met({name: one_line(value) for name, value in values.items()})

    @cached_property
    def reports(self) -> Sequence[Headers]:
        """The fields of reports for machines in this mail: feedback, receipts."""
        kinds = {"message/feedback-report", "message/disposition-notification"}
        texts = [part.text().lstrip() for part in self.parts if part.type in kinds and not part.returned]
        return [read_headers(text.encode("utf-8", "replace"))[0] for text in texts]

    @cached_property
    def original(self) -> Original:
        returned = self.returned
        ids = [
            *_MESSAGE_ID.findall(returned.get("message-id")),
            *(one for report in self.reports for one in _MESSAGE_ID.findall(report.get("original-message-id"))),
            *_MESSAGE_ID.findall(self.headers.get("x-original-message-id")),
            *_MESSAGE_ID.findall(self.headers.get("in-reply-to")),
            *_MESSAGE_ID.findall(self.headers.get("references"))[::-1],
        ]
        ours = [report.get(name) for report in self.reports for name in ("original-mail-from", "original-envelope-id")]
        addressed = [value for name in TO for value in self.headers.all(name)]
        tokens = tokens_in(
            self.sent_to, *addressed, *ours, returned.get("return-path"), returned.get("list-unsubscribe")
        )
        return Original(tuple(dict.fromkeys(ids))[:_MAX_IDS], tokens, returned)

    @cached_property
    def originally_to(self) -> Sequence[str]:
        """Those that the returned mail went to."""
        values = [self.returned.text(name) for name in ("x-envelope-to", "to", "cc", "x-original-to", "delivered-to")]
        return [address for value in values for address in addresses_in(value)]

    def told(
        self, kind: MailKind, rule: str, recipients: Sequence[Recipient] = (), detail: str | None = None
    ) -> Classified:
        return Classified(kind, rule, tuple(recipients), self.original, self.sender, detail)


def _is_attached(part: Part) -> bool:
    return part.headers.get("content-disposition").lower().startswith("attachment")


def one_line(text: str) -> str:
    return " ".join(text.lower().replace("’", "'").split())
