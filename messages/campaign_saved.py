"""A campaign document, as it is kept in the CRM or in git: creates a draft, or changes one."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from domain.campaign import Campaign, Content, LawfulBasis, Origin, Purpose, Selection, Sender
from messages.base import Message
from messages.record_changed import ModuleName
from messages.sync_requested import Id

OneLine = Annotated[str, Field(max_length=998, pattern=r"^[^\r\n\x00]*$")]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class SenderPart(Part):
    name: OneLine
    address: OneLine = Field(min_length=3)
    reply_to: OneLine | None = None


class ContentPart(Part):
    """Either a template by name, or html and/or text of one's own (R42, R43)."""

    subject: OneLine = Field(min_length=1)
    preheader: OneLine = ""
    template: str | None = None
    places: dict[str, str] = Field(default_factory=dict)  #: what the template's places are filled with
    html: str | None = None
    text: str | None = None


class RecipientsPart(Part):
    modules: list[ModuleName] = Field(default_factory=list)  #: every record of these modules
    records: dict[ModuleName, list[str]] = Field(default_factory=dict)  #: chosen record ids by module


class CampaignSaved(Message):
    queue: ClassVar[str] = "campaign-saved"

    campaign_id: Id
    name: OneLine = Field(min_length=1)
    purpose: Purpose = Purpose.NEWSLETTER
    sender: SenderPart
    content: ContentPart
    recipients: RecipientsPart = RecipientsPart()
    list: Id | None = None
    topic: Id = "marketing"
    lawful_basis: LawfulBasis | None = None
    description: str = ""
    information: dict[str, str] = Field(default_factory=dict)
    member_status: str = "Planned"
    origin: Origin = Origin.CRM

    def to_campaign(self) -> Campaign:
        refs = [f"{module}:{record}" for module, records in self.recipients.records.items() for record in records]
        content = self.content
        return Campaign(
            id=self.campaign_id,
            name=self.name,
            purpose=self.purpose,
            sender=Sender(self.sender.name, self.sender.address, self.sender.reply_to),
            content=Content(content.subject, content.preheader, content.html, content.text, content.template),
            recipients=Selection(tuple(self.recipients.modules), tuple(refs)),
            list_id=self.list,
            topic=self.topic,
            lawful_basis=self.lawful_basis,
            description=self.description,
            information=self.information,
            member_status=self.member_status,
            origin=self.origin,
        )

    @classmethod
    def of(cls, campaign: Campaign) -> CampaignSaved:
        """The document that this campaign was, or could have been, saved as."""
        sender, content, records = campaign.sender, campaign.content, dict[str, list[str]]()
        for ref in campaign.recipients.refs:
            module, _, record_id = ref.partition(":")
            records.setdefault(module, []).append(record_id)
        return cls(
            campaign_id=campaign.id,
            name=campaign.name,
            purpose=campaign.purpose,
            sender=SenderPart(name=sender.name, address=sender.address, reply_to=sender.reply_to),
            content=ContentPart(
                subject=content.subject,
                preheader=content.preheader,
                template=content.template,
                html=content.html,
                text=content.text,
            ),
            recipients=RecipientsPart(modules=list(campaign.recipients.modules), records=records),
            list=campaign.list_id,
            topic=campaign.topic,
            lawful_basis=campaign.lawful_basis,
            description=campaign.description,
            information=dict(campaign.information),
            member_status=campaign.member_status,
            origin=campaign.origin,
        )
