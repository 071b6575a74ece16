"""A campaign document, as it is kept in the CRM or in git: creates a draft, or changes one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from domain import schedule
from domain.campaign import Campaign, Content, LawfulBasis, Purpose, Selection, Sender
from domain.errors import InvalidDefinition
from domain.selections import module_of
from messages.record_changed import ModuleName, RecordId
from messages.saved import OneLine, Part, Saved
from messages.sync_requested import Id


def _time(text: str) -> str:
    try:
        return schedule.schedule(text)
    except InvalidDefinition as error:
        raise ValueError(str(error).removeprefix("schedule: ")) from error


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
    """Whom it goes to (R45): whole modules, those of a module that fit a filter, chosen ones, the list's members."""

    modules: list[ModuleName] = Field(default_factory=list)  #: every record of these modules
    filters: dict[ModuleName, str] = Field(default_factory=dict)  #: filter by module: docs/campaigns.md
    #: Chosen record ids by module; null leaves those that are chosen already as they are, left out there are none.
    records: dict[ModuleName, list[RecordId]] | None = Field(default_factory=dict)
    list_members: bool = False  #: also those who are on its list already (R54)

    def to_selection(self) -> Selection:
        chosen = (self.records or {}).items()
        return Selection(
            modules=tuple(dict.fromkeys(self.modules)),
            refs=tuple(dict.fromkeys(f"{module}:{record}" for module, records in chosen for record in records)),
            filters={module: text.strip() for module, text in self.filters.items()},
            list_members=self.list_members,
        )

    @classmethod
    def of(cls, selection: Selection) -> RecipientsPart:
        """Without those that are kept apart: they stay as they are."""
        found = cls.of_refs(selection, selection.refs)
        return found.model_copy(update={"records": None}) if selection.kept else found

    @classmethod
    def of_refs(cls, selection: Selection, refs: Iterable[str]) -> RecipientsPart:
        """With these as the chosen ones, wherever they are kept."""
        records = dict[str, list[str]]()
        for ref in refs:
            records.setdefault(module_of(ref), []).append(ref.partition(":")[2])
        return cls(
            modules=list(selection.modules),
            filters=dict(selection.filters),
            records=records,
            list_members=selection.list_members,
        )


class CampaignSaved(Saved):
    """The whole document: what it leaves out is empty, or the default."""

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
    member_status: OneLine = "Planned"
    #: When it is meant to be sent: 2026-12-01T09:00:00Z, or 2026-12-01T09:00 where each recipient lives.
    schedule: Annotated[str, AfterValidator(_time)] | None = None

    def to_campaign(self) -> Campaign:
        content = self.content
        return Campaign(
            id=self.campaign_id,
            name=self.name,
            purpose=self.purpose,
            sender=Sender(self.sender.name, self.sender.address, self.sender.reply_to),
            content=Content(content.subject, content.preheader, content.html, content.text, content.template),
            recipients=self.recipients.to_selection(),
            list_id=self.list,
            topic=self.topic,
            lawful_basis=self.lawful_basis,
            description=self.description,
            information=self.information,
            member_status=self.member_status,
            schedule=self.schedule,
            origin=self.origin,
            source_order=self.order,
            author=self.author,
        )

    @classmethod
    def of(cls, campaign: Campaign) -> CampaignSaved:
        """The document that this campaign was, or could have been, saved as."""
        sender, content = campaign.sender, campaign.content
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
            recipients=RecipientsPart.of(campaign.recipients),
            list=campaign.list_id,
            topic=campaign.topic,
            lawful_basis=campaign.lawful_basis,
            description=campaign.description,
            information=dict(campaign.information),
            member_status=campaign.member_status,
            schedule=campaign.schedule,
            origin=campaign.origin,
        )
