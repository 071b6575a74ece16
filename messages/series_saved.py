"""A series document, as it is kept in the CRM or in git: creates an autoresponder, or changes one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import time
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag

from domain import series_words
from domain.campaign import DEFAULT_TOPIC, Campaign, LawfulBasis, Purpose
from domain.errors import InvalidDefinition
from domain.series import Series, Step, Trigger, TriggerKind, Window, child_id
from domain.series_check import KEY, MOST_OFFSET_DAYS, MOST_STEPS, MOST_WITHIN_DAYS
from messages.campaign_saved import CampaignSaved, ContentPart, SenderPart
from messages.record_changed import FieldName
from messages.saved import OneLine, Part, Saved
from messages.sync_requested import Id


def _written(read: Callable[[str], object]) -> AfterValidator:
    def check(text: str) -> str:
        try:
            read(text)
        except InvalidDefinition as error:
            raise ValueError(str(error)) from error
        return text

    return AfterValidator(check)


Key = Annotated[str, Field(pattern=f"^{KEY.pattern}$")]
Hour = Annotated[str, _written(series_words.hour)]
Weekday = Annotated[str, _written(series_words.weekday)]
Delay = Annotated[str, _written(series_words.delay)]
Days = Annotated[int, Field(ge=1, le=MOST_WITHIN_DAYS)]


class DateTrigger(Part):
    """A date that a field of the person says."""

    date: FieldName  #: the contact field
    yearly: bool = False  #: on its day of every year, as for birthdays
    offset_days: int = Field(0, ge=-MOST_OFFSET_DAYS, le=MOST_OFFSET_DAYS)  #: after it; before it where negative
    at: Hour = "00:00"  #: where the person lives

    def to_trigger(self) -> Trigger:
        at = series_words.hour(self.at)
        return Trigger(TriggerKind.DATE, self.date, self.yearly, self.offset_days, at)


class OpenedTrigger(Part):
    opened: Key  #: the earlier message
    within_days: Days  #: after that was sent

    def to_trigger(self) -> Trigger:
        return Trigger(TriggerKind.OPENED, message=self.opened, within_days=self.within_days)


class ClickedTrigger(Part):
    clicked: Key
    within_days: Days

    def to_trigger(self) -> Trigger:
        return Trigger(TriggerKind.CLICKED, message=self.clicked, within_days=self.within_days)


class NotOpenedTrigger(Part):
    not_opened: Key
    within_days: Days

    def to_trigger(self) -> Trigger:
        return Trigger(TriggerKind.NOT_OPENED, message=self.not_opened, within_days=self.within_days)


_KINDS = ("date", "opened", "clicked", "not_opened")
#: What stands in the place of an error beside the fields of the document ends so.
TAG = " trigger"


def _tag(said: Any) -> str:
    """Which kind of trigger somebody means; of what is none, "joined", which then says so."""
    there = said if isinstance(said, dict) else vars(said) if isinstance(said, Part) else {}
    return next((f"{kind}{TAG}" for kind in _KINDS if kind in there), f"joined{TAG}")


TriggerPart: TypeAlias = Annotated[
    Annotated[Literal["joined"], Tag(f"joined{TAG}")]
    | Annotated[DateTrigger, Tag(f"date{TAG}")]
    | Annotated[OpenedTrigger, Tag(f"opened{TAG}")]
    | Annotated[ClickedTrigger, Tag(f"clicked{TAG}")]
    | Annotated[NotOpenedTrigger, Tag(f"not_opened{TAG}")],
    Discriminator(_tag),
]


class WindowPart(Part):
    """When a message may go out, where the person lives."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, serialize_by_alias=True)

    days: list[Weekday] = Field(default_factory=lambda: list(series_words.WEEKDAYS))
    opens: Hour = Field("00:00", alias="from")
    closes: Hour = Field(series_words.MIDNIGHT, alias="to")

    def to_window(self) -> Window:
        days = series_words.weekdays(self.days)
        return Window(days, series_words.hour(self.opens), series_words.hour(self.closes))


class MessagePart(Part):
    """One message: a campaign of its own, with its own review, summary and activity."""

    key: Key  #: names it within the series; its campaign is called SERIES-KEY
    name: OneLine = ""
    trigger: TriggerPart
    delay: Delay = "0 minutes"
    window: WindowPart | None = None
    content: ContentPart
    sender: SenderPart | None = None  #: where it is not the one of the series
    member_status: OneLine | None = None
    lawful_basis: LawfulBasis | None = None

    def to_step(self, series_id: str) -> Step:
        trigger = Trigger(TriggerKind.JOINED) if self.trigger == "joined" else self.trigger.to_trigger()
        window = self.window.to_window() if self.window else None
        return Step(self.key, child_id(series_id, self.key), trigger, series_words.delay(self.delay), window)


Messages: TypeAlias = list[MessagePart]  # `list` is a field in there


class SeriesSaved(Saved):
    """The whole document: what it leaves out is empty, or the default; a message that it leaves out is taken out."""

    queue: ClassVar[str] = "series-saved"

    series: Id
    name: OneLine = Field(min_length=1)
    list: Id  #: whose members go through it
    topic: Id = DEFAULT_TOPIC
    purpose: Purpose = Purpose.WELCOME
    lawful_basis: LawfulBasis | None = None
    sender: SenderPart
    member_status: OneLine = "Planned"
    reentry: bool = False  #: whether who leaves the list and joins it again goes through it once more
    existing_members: bool = False  #: whether those who are on the list when it starts go through it too
    messages: Annotated[Messages, Field(min_length=1, max_length=MOST_STEPS)]

    def to_series(self) -> Series:
        return Series(
            id=self.series,
            name=self.name,
            list_id=self.list,
            topic=self.topic,
            purpose=self.purpose,
            reentry=self.reentry,
            existing_members=self.existing_members,
            steps=tuple(message.to_step(self.series) for message in self.messages),
            source_order=self.order,
            author=self.author,
        )

    @classmethod
    def of(cls, series: Series, children: Mapping[str, Campaign]) -> SeriesSaved:
        """The document that this series was, or could have been, saved as; `children` are its messages by key."""
        shared = CampaignSaved.of(children[series.steps[0].key])
        blank = cls(
            series=series.id,
            name=series.name,
            list=series.list_id,
            topic=series.topic,
            purpose=series.purpose,
            lawful_basis=shared.lawful_basis,
            sender=shared.sender,
            member_status=shared.member_status,
            reentry=series.reentry,
            existing_members=series.existing_members,
            messages=[_part(step, CampaignSaved.of(children[step.key])) for step in series.steps],
        )
        return blank.model_copy(update={"messages": [blank._short(each) for each in blank.messages]})

    def _short(self, message: MessagePart) -> MessagePart:
        """Without what the series says for all of its messages."""
        same = {
            "name": "" if message.name == self._name_of(message.key) else message.name,
            "sender": None if message.sender == self.sender else message.sender,
            "member_status": None if message.member_status == self.member_status else message.member_status,
            "lawful_basis": None if message.lawful_basis == self.lawful_basis else message.lawful_basis,
        }
        return message.model_copy(update=same)

    def _name_of(self, key: str) -> str:
        return f"{self.name}: {key}"

    def child(self, message: MessagePart) -> CampaignSaved:
        """The document of the campaign of one of its messages."""
        return CampaignSaved(
            campaign_id=child_id(self.series, message.key),
            name=message.name or self._name_of(message.key),
            purpose=self.purpose,
            sender=message.sender or self.sender,
            content=message.content,
            list=self.list,
            topic=self.topic,
            lawful_basis=message.lawful_basis or self.lawful_basis,
            member_status=message.member_status or self.member_status,
            origin=self.origin,
            saved_by=self.saved_by,
        )


def _part(step: Step, child: CampaignSaved) -> MessagePart:
    window = step.window and WindowPart(
        days=list(series_words.weekday_texts(step.window.weekdays)),
        opens=series_words.hour_text(step.window.opens),
        closes=series_words.hour_text(step.window.closes) if step.window.closes != time(0) else series_words.MIDNIGHT,
    )
    return MessagePart(
        key=step.key,
        name=child.name,
        trigger=_trigger(step.trigger),
        delay=series_words.delay_text(step.delay),
        window=window,
        content=child.content,
        sender=child.sender,
        member_status=child.member_status,
        lawful_basis=child.lawful_basis,
    )


def _trigger(found: Trigger) -> Any:
    """As it stands in a document."""
    if found.kind is TriggerKind.JOINED:
        return "joined"
    if found.kind is TriggerKind.DATE:
        at = series_words.hour_text(found.at or time(0))
        return {"date": found.field, "yearly": found.yearly, "offset_days": found.offset_days, "at": at}
    return {str(found.kind): found.message, "within_days": found.within_days}
