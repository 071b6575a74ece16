"""A campaign's email as one person would get it, without sending it (R44): written by what writes the real ones.

Links to our own pages are signed for a contact that nobody is, so that nothing clicked in a preview touches anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from domain.assembly import Recipient
from domain.campaign import Campaign
from domain.contact import Contact
from domain.dkim_key import DkimKeys
from domain.email import email_id, message_id
from domain.errors import NotReady
from domain.mailer import ADDRESS_FIELD, mailer_of, name_in, source_of
from domain.organisation import Organisation
from domain.template import compiled
from domain.tracking import SigningKeys
from domain.values import Value
from domain.what_to_type import to_change

_NOBODY = "0" * 32  #: a contact id that no address has
#: What the sample contact has; every other merge field shows its own name.
SAMPLE: Mapping[str, Value] = MappingProxyType(
    {ADDRESS_FIELD: "alex.sample@example.com", "first_name": "Alex", "last_name": "Sample"}
)


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose values are shown."""

    address: str
    values: Mapping[str, Value]
    is_sample: bool = False

    @classmethod
    def of(cls, contact: Contact, given: Mapping[str, str] = MappingProxyType({})) -> Reader:
        """A contact, with what was given over its own values."""
        return cls(contact.address, {ADDRESS_FIELD: contact.address, **contact.values(), **given})

    @classmethod
    def sample(cls, given: Mapping[str, str] = MappingProxyType({})) -> Reader:
        values = {**SAMPLE, **given}
        return cls(str(values[ADDRESS_FIELD]), values, is_sample=True)


@dataclass(frozen=True, slots=True)
class Preview:
    """What this reader would find in the mailbox."""

    address: str
    subject: str
    html: str | None
    text: str
    raw: bytes  #: the whole email as it would go over the wire
    fields: tuple[str, ...]  #: merge fields of the content, in the order of their names
    empty: tuple[str, ...]  #: those of them that this reader has no value for


def preview(
    campaign: Campaign, reader: Reader, organisation: Organisation, keys: SigningKeys, dkim: DkimKeys, now: datetime
) -> Preview:
    """The email for this reader, dated `now`.

    Raises:
        NotReady: the campaign has no content yet.
        TemplateInvalid, ContentFailed: it cannot be written; the text says where and why.
    """
    if not campaign.content.html and not campaign.content.text:
        fix = to_change(campaign, "--template newsletter")
        raise NotReady(f"campaign {campaign.id} has no content yet: {fix}")
    fields = sorted(compiled(source_of(campaign.content)).fields)
    recipient = _recipient(campaign, reader, fields)
    assembler = mailer_of(campaign, organisation, keys, dkim)
    shown = assembler.preview(recipient)
    return Preview(
        address=reader.address,
        subject=shown.subject,
        html=shown.html,
        text=shown.text,
        raw=assembler.mail(recipient, now=now).raw,
        fields=tuple(fields),
        empty=tuple(name for name in fields if recipient.values.get(name) in (None, "")),
    )


def _recipient(campaign: Campaign, reader: Reader, fields: list[str]) -> Recipient:
    values = dict(reader.values)
    if reader.is_sample:
        values = {**{name: name.replace("_", " ") for name in fields}, **values}
    row = email_id(campaign.id, _NOBODY)
    return Recipient(row, message_id(row, campaign.sender.domain), reader.address, name_in(values), values)
