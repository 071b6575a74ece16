"""From a stored campaign to the assembler that writes its emails, for the send path, test mails and the review."""

from __future__ import annotations

from dataclasses import replace

from domain.assembly import Assembler, Endpoints, Mailing, Recipient
from domain.campaign import Campaign, Content, Sender
from domain.contact import Contact
from domain.dkim_key import DkimKeys
from domain.email import Email
from domain.organisation import Organisation
from domain.template import TemplateSource, compiled
from domain.tracking import SigningKeys
from domain.tracking_policy import Telling
from domain.values import Value

ADDRESS_FIELD = "email"  #: the merge field that every contact has, whatever is mapped


def source_of(content: Content) -> TemplateSource:
    return TemplateSource(content.subject, content.preheader, content.html, content.text)


def mailer_of(campaign: Campaign, organisation: Organisation, keys: SigningKeys, dkim: DkimKeys) -> Assembler:
    """What writes this campaign's emails, and signs them where there is a key of the sender's domain.

    Made once per campaign and worker, for compiling costs milliseconds.

    Raises:
        TemplateInvalid: the content does not compile.
        ContentFailed: sender, reply-to or the organisation's own URL can't stand in a header.
    """
    bounce_domain = organisation.bounce_domain or campaign.sender.domain
    endpoints = Endpoints(organisation.public_url, bounce_domain, keys, organisation.answers)
    template, mailing = compiled(source_of(campaign.content)), _mailing(campaign, organisation)
    return Assembler(template, mailing, endpoints, dkim.of(campaign.sender.domain))


def recipient_of(email: Email, contact: Contact, telling: Telling = Telling.NOTHING) -> Recipient:
    """Whom a ledger row goes to, with the merge values as they are now; the address is the reviewed one."""
    values = contact.values()
    name = name_in(values)
    values.setdefault(ADDRESS_FIELD, email.address)
    return Recipient(
        email_id=email.id,
        message_id=email.message_id,
        address=email.address,
        name=name,
        values=values,
        tracked=telling is not Telling.NOTHING,
        nameless=telling is Telling.COUNTED,
    )


def name_in(values: dict[str, Value]) -> str:
    """What To shows beside the address: first and last name as far as they are known."""
    parts = (values.get("first_name"), values.get("last_name"))
    return " ".join([str(part).strip() for part in parts if part]).strip()


def sender_of(campaign: Campaign, organisation: Organisation) -> Sender:
    """Who it is from; under the organisation's name where it has none of its own."""
    return replace(campaign.sender, name=campaign.sender.name or organisation.name)


def _mailing(campaign: Campaign, organisation: Organisation) -> Mailing:
    return Mailing(
        campaign_id=campaign.id,
        purpose=campaign.purpose,
        sender=sender_of(campaign, organisation),
        organisation_name=organisation.name,
        organisation_postal_address=organisation.postal_address,
        list_id=campaign.list_id or campaign.topic,
        list_name=organisation.name,
    )
