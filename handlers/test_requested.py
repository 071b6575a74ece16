"""A test email is to be sent (R68, R69). It has no row in the ledger: no number and no status changes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from domain.assembly import Assembler, OutgoingMail, Recipient
from domain.campaign import Campaign, CampaignStatus
from domain.contact import Contact, address, contact_id
from domain.delivery import Attempt
from domain.dkim_key import DkimKeys
from domain.eligibility import erased_of
from domain.email import NO_CONTACT, email_id, message_id
from domain.errors import InvalidDefinition, NotReady, RelayUnavailable, TestRefused, UnknownCampaign
from domain.mailer import ADDRESS_FIELD, mailer_of, name_in
from domain.organisation import Organisation
from domain.smtp_reply import verdict
from domain.test_mail import TestOutcome, TestState, state_of
from domain.tracking import SigningKeys
from domain.values import Value
from domain.what_to_type import to_change
from handlers.ports.audience import Contacts
from handlers.ports.campaigns import Campaigns
from handlers.ports.clock import Clock
from handlers.ports.operations import Leases, TestMails
from handlers.ports.responses import Suppressions
from handlers.ports.sending import Relay
from handlers.record_reader import RecordReader
from messages.base import Message
from messages.test_requested import TestRequested

MARK = "[Test] "


@dataclass(frozen=True, slots=True)
class TestSender:
    """Sends a campaign as it stands to at most five addresses, at most once for each request."""

    __test__ = False  # the name is the message's, not a test's

    campaigns: Campaigns
    contacts: Contacts
    reader: RecordReader
    leases: Leases
    outcomes: TestMails
    relay: Relay
    organisation: Organisation
    keys: SigningKeys
    dkim: DkimKeys
    address_key: bytes
    now: Clock
    suppressions: Suppressions

    async def __call__(self, message: TestRequested) -> Sequence[Message]:
        """
        Raises:
            UnknownCampaign: there is no such campaign.
            NotReady: it has no content yet.
            InvalidDefinition: an address is none, or of somebody who was erased; or nobody has the one whose values are
                to be shown, or no record.
            UnknownModule: the record's module was never described.
            TemplateInvalid, ContentFailed: the content cannot be rendered.
            RelayUnavailable: some were not sent; the repeat sends those.
            TestRefused: the relay refused some of them; the text has its replies.
        """
        campaign = await self._campaign(message.campaign_id)
        recipients = _distinct([_sendable(text) for text in message.addresses])
        await self._refuse_erased(recipients)
        values = await self._values(campaign, message)
        assembler = mailer_of(_marked(campaign), self.organisation, self.keys, self.dkim)
        request = _request(campaign, message)
        mails = [self._mail(campaign, assembler, to, values, request) for to in recipients]
        await self._sent(request, await self._new(request, mails))
        return []

    async def _campaign(self, campaign_id: str) -> Campaign:
        campaign = await self.campaigns.get(campaign_id)
        if campaign is None:
            raise UnknownCampaign(f"campaign {campaign_id} is not stored; `campaigns campaign show` lists all")
        if campaign.status is CampaignStatus.OFFLINE:
            raise NotReady(f"campaign {campaign_id} is offline: nothing of it is sent any more, not even a test")
        if not campaign.content.html and not campaign.content.text:
            fix = to_change(campaign, "--template newsletter")
            raise NotReady(f"campaign {campaign_id} has no content yet: {fix}")
        return campaign

    async def _refuse_erased(self, recipients: Sequence[str]) -> None:
        keys = {contact_id(to.lower(), self.address_key) for to in recipients}
        if erased := erased_of(await self.suppressions.of(keys)):
            what = f"{len(erased)} of them belong to people whose data was erased"
            raise InvalidDefinition(f"addresses: {what}; leave them out")

    async def _values(self, campaign: Campaign, message: TestRequested) -> Mapping[str, Value]:
        """The merge values to show: the chosen contact's or record's, and over them those given."""
        if message.record is not None:
            contact = await self.reader(campaign, message.record)
        elif message.contact is not None:
            contact = await self._contact(message.contact)
        else:
            return message.values
        return {ADDRESS_FIELD: contact.address, **contact.values(), **message.values}

    async def _contact(self, text: str) -> Contact:
        key = contact_id(_sendable(text).lower(), self.address_key)
        contact = (await self.contacts.load([key])).get(key)
        if contact is None:
            raise InvalidDefinition("contact: nobody with this address is known; give --value NAME=TEXT instead")
        return contact

    def _mail(
        self, campaign: Campaign, assembler: Assembler, to: str, values: Mapping[str, Value], request: str
    ) -> OutgoingMail:
        """One test mail. Its contact is nobody, so that nothing done with it or told of it counts anywhere (R69)."""
        made_up = contact_id(f"test:{request}:{to.lower()}", self.address_key)
        row = email_id(campaign.id, NO_CONTACT + made_up[len(NO_CONTACT) :])
        recipient = Recipient(
            email_id=row,
            message_id=message_id(row, campaign.sender.domain),
            address=to,
            name=name_in(dict(values)),
            values={ADDRESS_FIELD: to, **values},
        )
        return assembler.mail(recipient, now=self.now())

    async def _sent(self, request: str, mails: Sequence[OutgoingMail]) -> None:
        """Send them, and tell what came of each; those that certainly did not go may be sent by a repeat."""
        waiting = {mail.email_id: mail.recipient for mail in mails}
        told: list[TestOutcome] = []
        refused: list[str] = []
        trouble = "the connection to the relay was lost"
        try:
            async for attempt in self.relay.deliver(mails, lambda: True):
                if (state := state_of(attempt)) is not TestState.WAITING:
                    to = waiting.pop(attempt.email_id)
                    told.append(TestOutcome(request, to, state, self.now(), attempt.reply))
                refused += _refusal(attempt)
        except RelayUnavailable as error:
            trouble = str(error)
            raise
        finally:
            for name in sorted(waiting):
                await self.leases.forget(name)
            told += [self._outcome(request, to, TestState.WAITING, trouble) for to in waiting.values()]
            await self.outcomes.save(told)
        if refused:
            raise TestRefused(f"the relay refused {len(refused)} of {len(mails)} test mails: {'; '.join(refused)}")
        if waiting:
            raise RelayUnavailable(f"{len(waiting)} of {len(mails)} test mails were not sent: the connection was lost")

    async def _new(self, request: str, mails: Sequence[OutgoingMail]) -> Sequence[OutgoingMail]:
        """Those that nobody has begun. Of the others whoever asked is told, should their worker have died over them."""
        new = [mail for mail in mails if await self.leases.once(mail.email_id)]
        if len(new) < len(mails):
            begun = {mail.recipient for mail in mails} - {mail.recipient for mail in new}
            unknown = begun - {each.address for each in await self.outcomes.of(request)}
            why = "its worker died while it was being sent"
            doubted = [self._outcome(request, to, TestState.IN_DOUBT, why) for to in sorted(unknown)]
            await self.outcomes.save(doubted)
        return new

    def _outcome(self, request: str, to: str, state: TestState, why: str) -> TestOutcome:
        return TestOutcome(request, to, state, self.now(), detail=why)


def _distinct(addresses: Sequence[str]) -> Sequence[str]:
    """Each person once, however the address is spelt; as it is spelt first."""
    found: dict[str, str] = {}
    for each in addresses:
        found.setdefault(each.lower(), each)
    return list(found.values())


def _sendable(text: str) -> str:
    found = address(text)
    if found is None:
        raise InvalidDefinition("addresses: one of them is not an email address")
    return found.sendable


def _marked(campaign: Campaign) -> Campaign:
    return replace(campaign, content=replace(campaign.content, subject=f"{MARK}{campaign.content.subject}"))


def _request(campaign: Campaign, message: TestRequested) -> str:
    """What tells two requests apart: the id given, else what is asked for and the state of the draft."""
    if message.request_id:
        return message.request_id
    asked = f"{campaign.revision}:{message.model_dump_json()}"
    return hashlib.sha256(asked.encode()).hexdigest()


def _refusal(attempt: Attempt) -> list[str]:
    """The reply to a mail that was not taken, without its text: that may name the address."""
    reply = attempt.reply
    if reply is None or reply.code < 400:
        return []
    return [f"{reply.code} {reply.enhanced or ''}".strip() + f" ({verdict(reply).reason})"]
