"""A sync is to run over all records of its module."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from domain.contact import SubscriptionType
from domain.sync import Sync
from messages.base import Message
from messages.record_changed import FieldName, ModuleName

Id = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]


class SyncMode(StrEnum):
    INITIATE = "initiate"
    REINITIATE = "reinitiate"  #: again over all records; only touches what changes (R31, R32)
    BACKFILL = "backfill"  #: only `fields`, or else all new ones, for people who are synced already
    RESUME = "resume"  #: goes on with a paused sync, over all records: changes were only stored in the meantime
    DELETE = "delete"  #: people leave the lists that only this sync put them on; then it is gone


class SyncDefinition(BaseModel):
    """Set-up and field map of a sync (R8-R17)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = Field("", max_length=200)
    module: ModuleName
    lists: list[Id] = Field(default_factory=list)
    subscription_type: SubscriptionType
    topics: list[Id] = Field(default_factory=list)
    update_empty_values: bool = False
    map: dict[str, str]  #: CRM field -> contact field

    def to_sync(self, sync_id: str) -> Sync:
        return Sync(
            id=sync_id,
            name=self.name or sync_id,
            module=self.module,
            lists=tuple(self.lists),
            subscription=self.subscription_type,
            topics=tuple(self.topics),
            update_empty_values=self.update_empty_values,
            field_map=self.map,
        )


class SyncRequested(Message):
    """Asks for a run. `run_id` and `slice` are ours: one slice of a run that is under way.

    The same request again begins nothing new, not even after its run has ended: `request_id` is remembered. Leave it
    out; it is the event's source and id then.
    """

    queue: ClassVar[str] = "sync-requested"
    identity: ClassVar[str] = "request_id"

    sync_id: Id
    mode: SyncMode = SyncMode.INITIATE
    definition: SyncDefinition | None = None  #: creates the sync, or changes it before the run
    fields: list[FieldName] = Field(default_factory=list, max_length=2_000)  #: CRM fields, for a backfill
    confirmed_by: str | None = Field(None, min_length=1, max_length=200)  #: needed to delete
    request_id: str | None = Field(None, max_length=800)
    run_id: str | None = None
    slice: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _confirmed(self) -> SyncRequested:
        if self.mode is SyncMode.DELETE and self.run_id is None and not self.confirmed_by:
            raise ValueError("confirmed_by: deleting takes people off their lists; say who confirmed it")
        return self
