"""The CRM describes a module: its fields, and which of them holds the email address (R10)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from domain.module import Module, ModuleField, described
from messages.base import Message
from messages.record_changed import FieldName, ModuleName

MAX_FIELDS = 2_000
Words = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


class FieldPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    api_name: FieldName
    label: Words
    type: Words  #: as the CRM calls it: text, email, picklist, lookup...

    def to_field(self) -> ModuleField:
        return ModuleField(self.api_name, self.label, self.type)


class ModuleDescribed(Message):
    """Replaces what was known of the module. Leads and Contacts are known without it.

    With `described_at` a description that comes late does not replace a newer one; without it the last to come counts.
    """

    queue: ClassVar[str] = "module-described"
    happened: ClassVar[tuple[str, ...]] = ("described_at",)

    module: ModuleName
    label: Words
    fields: list[FieldPart] = Field(max_length=MAX_FIELDS)
    email_field: FieldName | None = None  #: its api name; else the first field of type Email
    described_at: AwareDatetime | None = None

    def to_module(self) -> Module:
        """
        Raises:
            InvalidDefinition: see `domain.module.described`.
        """
        fields = [field.to_field() for field in self.fields]
        return described(self.module, self.label, fields, self.email_field, self.described_at)
