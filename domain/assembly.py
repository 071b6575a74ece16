"""From a compiled template and one person's values to the bytes that go out (RFC 5322, 2045, 2369, 8058).

What is the same for everybody is encoded once, when the campaign's assembler is made. Per person remain the rendering,
the encoding of the person's own values, and five headers.
"""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import minijinja

from domain import tracking
from domain.campaign import Purpose as CampaignPurpose
from domain.campaign import Sender
from domain.dkim import Signer
from domain.dkim_key import DkimKey
from domain.inbound_addresses import Purpose, address_for
from domain.mail_headers import (
    address_header,
    date_header,
    list_id_header,
    message_id_header,
    one_line,
    text_header,
    uri_header,
    wire_address,
)
from domain.mime import Skeleton
from domain.template import Rendered, Template
from domain.tracking import SigningKeys, WaysOut
from domain.values import Value

_OWN_HEADERS = ("To", "Subject", "Date", "Message-ID", "List-Unsubscribe")  #: each person's, in order


@dataclass(frozen=True, slots=True)
class Mailing:
    """What every email of one campaign has in common."""

    campaign_id: str
    purpose: CampaignPurpose
    sender: Sender
    organisation_name: str
    organisation_postal_address: str
    list_id: str  #: the mailing list (or topic) as List-Id names it, before the sender's domain
    list_name: str


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where answers to our emails arrive, and what our tokens are signed with."""

    base_url: str  #: https, of the tracking pages; without a final slash
    mail_domain: str  #: of bounce and unsubscribe addresses: the inbound listener's, best below the sender's domain
    keys: SigningKeys
    answers: frozenset[Purpose] = frozenset()  #: replies and complaints also come to signed addresses of ours


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person's email, about to be written."""

    email_id: str  #: "campaign_id:contact_id:occurrence"
    message_id: str  #: without angle brackets, as the ledger row has it
    address: str
    name: str = ""  #: shown in To; may be empty
    values: Mapping[str, Value] = field(default_factory=dict)
    tracked: bool = False  #: links counted and a pixel: where the organisation's policy and the person allow it (D12)
    nameless: bool = False  #: those name the campaign alone, not this email


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """One email, ready for SMTP."""

    email_id: str
    sender: str  #: MAIL FROM: leads a bounce back to this email
    recipient: str  #: RCPT TO
    raw: bytes
    needs_smtputf8: bool  #: the local part is not ASCII: only for servers that offer SMTPUTF8 (RFC 6531)
    #: every line of `raw` ends with CRLF, and none begins with a dot: SMTP has nothing to look for and to stuff
    is_wire_ready: bool = False
    signature_bytes: int = 0  #: length of our DKIM-Signature, which `raw` begins with; 0: it has none
    from_domain: str = ""  #: of its From address: who is warmed up; empty: that of `sender`

    def unsigned(self) -> "OutgoingMail":
        """The same without our signature, for a relay that signs by itself."""
        return replace(self, raw=self.raw[self.signature_bytes :], signature_bytes=0) if self.signature_bytes else self


@dataclass(frozen=True, slots=True)
class _Links:
    """One person's addresses on our pages."""

    ways_out: WaysOut
    values: Mapping[str, str]  #: by reserved name


class Assembler:
    """Writes the emails of one campaign. It remembers nothing between two of them."""

    def __init__(self, template: Template, mailing: Mailing, endpoints: Endpoints, key: DkimKey | None = None) -> None:
        """Emails are signed with `key` (DKIM), or not at all.

        Raises:
            ContentFailed: the sender, the reply-to or an endpoint can't stand in a header.
        """
        self._template = template
        self._endpoints = endpoints
        self._from_domain = mailing.sender.domain
        self._constants = _constants(mailing)
        self._skeleton = Skeleton.of(template, seed=mailing.campaign_id)
        self._reply_to = mailing.sender.reply_to or mailing.sender.address
        answered_there = Purpose.REPLY not in endpoints.answers
        reply_to = address_header("Reply-To", "", self._reply_to) if answered_there else b""
        self._head = _common_headers(mailing, reply_to) + self._skeleton.headers
        self._signer = None if key is None else Signer(key, self._head, [*_OWN_HEADERS, *_answer_names(endpoints)])
        uri_header("List-Unsubscribe", endpoints.base_url, f"mailto:u@{endpoints.mail_domain}")

    def mail(self, recipient: Recipient, *, now: datetime) -> OutgoingMail:
        """The email for one person; `now` is aware and becomes its Date.

        Raises:
            ContentFailed: the template fails for this person's values, or the address can't be written.
        """
        address = wire_address(recipient.address)
        links = self._links(recipient)
        subject, body = self._written(recipient, links)
        own = (*_own_headers(recipient, subject, links, now), *self._answers(recipient.email_id))
        signature = self._signer.header(own, body, now) if self._signer else b""
        raw = b"".join((signature, self._head, *own, b"\r\n", body))
        sender = tracking.bounce_address(recipient.email_id, self._endpoints.mail_domain, self._endpoints.keys)
        return OutgoingMail(
            recipient.email_id,
            sender,
            address,
            raw,
            needs_smtputf8=not address.isascii(),
            is_wire_ready=True,
            signature_bytes=len(signature),
            from_domain=self._from_domain,
        )

    def preview(self, recipient: Recipient) -> Rendered:
        """What the email says, in plain: for the review's checks, the preview page, and tests.

        Raises:
            ContentFailed: as for `mail`.
        """
        pieces = self._template.pieces(self._values(recipient, self._links(recipient)), tracked=recipient.tracked)
        html_part = None if pieces.html is None else "".join(pieces.html)
        return Rendered(one_line(pieces.subject), html_part, "".join(pieces.text))

    def _written(self, recipient: Recipient, links: _Links) -> tuple[str, bytes]:
        """Subject and body for one person: the quick way if it can tell, otherwise by rendering the whole template."""
        values = self._values(recipient, links)
        forms = self._skeleton.forms
        if forms and (told := forms.tags.values(values)):
            return told[0], self._skeleton.joined(*forms.filled(told, tracked=recipient.tracked))
        pieces = self._template.pieces(values, tracked=recipient.tracked)
        return pieces.subject, self._skeleton.body(pieces)

    def _answers(self, email_id: str) -> Iterator[bytes]:
        """The headers by which replies and complaints lead back to this email, in the order of `_answer_names`."""
        answers, domain, keys = self._endpoints.answers, self._endpoints.mail_domain, self._endpoints.keys
        if Purpose.REPLY in answers:
            ours = address_for(Purpose.REPLY, email_id, domain, keys)
            yield f"Reply-To: <{wire_address(self._reply_to)}>,\r\n <{ours}>\r\n".encode()
        if Purpose.FEEDBACK in answers:
            ours = address_for(Purpose.FEEDBACK, email_id, domain, keys)
            yield f"CFBL-Address: {ours};\r\n report=arf\r\n".encode()  # RFC 9477

    def _values(self, recipient: Recipient, links: _Links) -> dict[str, Value]:
        return {**recipient.values, **self._constants, **links.values}

    def _links(self, recipient: Recipient) -> _Links:
        """This person's addresses on our tracking pages; only those that the template shows are signed."""
        email_id, base_url, keys = recipient.email_id, self._endpoints.base_url, self._endpoints.keys
        ways_out = tracking.ways_out(email_id, base_url, self._endpoints.mail_domain, keys)
        values = {"unsubscribe_url": _safe(ways_out.url)}
        if "preferences_url" in self._template.uses:
            values["preferences_url"] = _safe(tracking.preferences_url(email_id, base_url, keys))
        if recipient.tracked and self._template.has_html:
            counted = tracking.nobody_of(email_id) if recipient.nameless else email_id
            values["click_url"] = _safe(tracking.click_url(counted, base_url, keys))
            values["open_url"] = _safe(tracking.open_url(counted, base_url, keys))
        return _Links(ways_out, values)


def _answer_names(endpoints: Endpoints) -> list[str]:
    names = {Purpose.REPLY: "Reply-To", Purpose.FEEDBACK: "CFBL-Address"}
    return [name for purpose, name in names.items() if purpose in endpoints.answers]


def _safe(url: str) -> str:
    """An URL of ours as HTML has it; without this its slashes would be written as `&#x2f;`."""
    return minijinja.safe(html.escape(url))


def _constants(mailing: Mailing) -> dict[str, str]:
    return {
        "organisation_name": mailing.organisation_name,
        "organisation_postal_address": mailing.organisation_postal_address,
        "sender_name": mailing.sender.name,
    }


def _common_headers(mailing: Mailing, reply_to: bytes) -> bytes:
    sender = mailing.sender
    return b"".join(
        (
            address_header("From", sender.name, sender.address),
            reply_to,
            list_id_header(mailing.list_name, f"{mailing.list_id}.{sender.domain}"),
            b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
            text_header("Feedback-ID", _feedback_id(mailing)),
        )
    )


def _own_headers(recipient: Recipient, subject: str, links: _Links, now: datetime) -> tuple[bytes, ...]:
    return (
        address_header("To", recipient.name, recipient.address),
        text_header("Subject", subject),
        date_header(now),
        message_id_header(recipient.message_id),
        uri_header("List-Unsubscribe", links.ways_out.url, links.ways_out.mailto),
    )


def _feedback_id(mailing: Mailing) -> str:
    """Campaign, list, purpose and sender, the last 5 to 15 characters long (support.google.com/mail/answer/6254652)."""
    sender_id = re.sub(r"[^A-Za-z0-9]", "", mailing.sender.domain)[:15].ljust(5, "0")
    list_id = re.sub(r"[^A-Za-z0-9._-]", "", mailing.list_id)
    return f"{mailing.campaign_id}:{list_id}:{mailing.purpose}:{sender_id}"
