"""A campaign document, as it is kept in the CRM or in git: creates a draft, or changes one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from domain import schedule
from domain.campaign import Campaign, Content, LawfulBasis, Origin, Purpose, Selection, Sender
from domain.errors import InvalidDefinition
from domain.record import order_of
from domain.selections import module_of
from messages.base import Message
from messages.record_changed import MAX_INT, ModuleName, RecordId
from messages.sync_requested import Id

#: Nothing in it ends a line: what stands in a header of an email begins no other one.
OneLine = Annotated[str, Field(max_length=998, pattern=r"^[^\x00\n\x0b\x0c\r\x85\u2028\u2029]*$")]


def _time(text: str) -> str:
    try:
        return schedule.schedule(text)
    except InvalidDefinition as error:
        raise ValueError(str(error).removeprefix("schedule: ")) from error


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


class CampaignSaved(Message):
    """The whole document: what it leaves out is empty, or the default.

    `source_version`, else `saved_at`, says which of two documents about one campaign is newer: an older one changes
    nothing. Without either, the event's time is taken.
    """

    queue: ClassVar[str] = "campaign-saved"
    happened: ClassVar[tuple[str, ...]] = ("saved_at",)
    dated: ClassVar[str] = "saved_at"

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
    origin: Origin = Origin.CRM
    source_version: int | None = Field(None, ge=0, le=MAX_INT)
    saved_at: AwareDatetime | None = None
    saved_by: OneLine = Field("", max_length=200)  #: who wrote it, and may not approve it (docs/review.md)

    @property
    def author(self) -> str | None:
        """Who wrote it; None where nobody says so: that it came out of the CRM makes nobody its author."""
        return self.saved_by.strip() or None

    @property
    def order(self) -> int | None:
        """What decides which document is newer; None for one that somebody here wrote by hand."""
        if self.source_version is None and self.saved_at is None:
            return None
        return order_of(self.source_version, self.saved_at or datetime.min.replace(tzinfo=UTC))

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
