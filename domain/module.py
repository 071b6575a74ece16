"""CRM modules: which fields they have, and which of them may be mapped (R10, R19-R29)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.errors import InvalidDefinition

EMAIL_TYPE = "email"

#: By name, in any module, however it is written (R19-R23).
UNMAPPABLE_NAMES = frozenset({"modifiedby", "createdby", "modifiedtime", "layout", "wizard"})
#: By type, in the words of the reference page and in those of CRM field descriptions, however written (R24-R28).
UNMAPPABLE_TYPES = frozenset(
    {
        "lookup", "userlookup", "ownerlookup", "consentlookup",  # R24
        "multiuserlookup", "multilookup", "multiselectlookup",  # R25
        "profileimage", "recordimage", "profilerecordimage",  # R26
        "fileupload",  # R27
        "subform",  # R28
        "imageupload",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ModuleField:
    api_name: str
    label: str
    type: str


@dataclass(frozen=True, slots=True)
class Module:
    name: str
    label: str
    fields: tuple[ModuleField, ...]
    email_field: str | None
    #: CRM field -> contact field, used where no sync maps this module (R34)
    default_map: Mapping[str, str]
    described_at: datetime | None = None  #: by the CRM's clock; an older description does not replace a newer one

    def field(self, api_name: str) -> ModuleField | None:
        return next((field for field in self.fields if field.api_name == api_name), None)


def why_unmappable(field: ModuleField) -> str | None:
    """Why a field can never be mapped (R29), or None when it can."""
    if {_letters(field.api_name), _letters(field.label)} & UNMAPPABLE_NAMES:
        return f"{field.label} is a system field and is never mapped"
    if _letters(field.type) in UNMAPPABLE_TYPES:
        return f"{field.label} is of type {field.type}, which holds no value that an email could show"
    return None


def is_email(field: ModuleField) -> bool:
    return _letters(field.type) == EMAIL_TYPE


def described(
    name: str, label: str, fields: Sequence[ModuleField], email_field: str | None, at: datetime | None
) -> Module:
    """A module as the CRM describes it. Without `email_field` its first field of type Email is taken.

    One without any is kept as well: the CRM describes what it has, and a sync of it is refused (R10).

    Raises:
        InvalidDefinition: a field stands there twice, or the email field is none; names each.
    """
    names = [field.api_name for field in fields]
    emails = [field.api_name for field in fields if is_email(field)]
    found = [f"fields: {one} is there twice" for one in sorted({one for one in names if names.count(one) > 1})]
    if email_field is not None and email_field not in names:
        found.append(f"email_field: {name} has no field {email_field}")
    elif email_field is not None and email_field not in emails:
        found.append(f"email_field: {email_field} is not of type Email (R10)")
    if found:
        raise InvalidDefinition(f"module {name}: {'; '.join(found)}")
    first = emails[0] if emails else None
    return Module(name, label, tuple(fields), email_field or first, _default_map(name, fields), at)


def _default_map(name: str, fields: Sequence[ModuleField]) -> dict[str, str]:
    """As in the built-in module of that name, or of any person, as far as the fields are there and can be mapped."""
    usual = BUILT_IN[name].default_map if name in BUILT_IN else _USUAL
    return {one.api_name: usual[one.api_name] for one in fields if one.api_name in usual and not why_unmappable(one)}


def _letters(text: str) -> str:
    """Lower-case, without blanks, _ , - and the like."""
    return "".join(filter(str.isalnum, text)).lower()


def _module(name: str, label: str, **fields: tuple[str, str, str | None]) -> Module:
    """A built-in module from `Api_Name=(label, type, contact field it is mapped to by default)`."""
    return Module(
        name=name,
        label=label,
        fields=tuple(ModuleField(api_name, text, kind) for api_name, (text, kind, _) in fields.items()),
        email_field="Email",
        default_map={api_name: ours for api_name, (_, _, ours) in fields.items() if ours is not None},
    )


_PERSON: Mapping[str, tuple[str, str, str | None]] = {
    "First_Name": ("First Name", "text", "first_name"),
    "Last_Name": ("Last Name", "text", "last_name"),
    "Email": ("Email", "email", None),
    "Phone": ("Phone", "phone", None),
    "Title": ("Title", "text", "title"),
    "Email_Opt_Out": ("Email Opt Out", "boolean", None),
    "Time_Zone": ("Time Zone", "text", None),
    "Owner": ("Owner", "ownerlookup", None),
    "Created_By": ("Created By", "ownerlookup", None),
    "Modified_By": ("Modified By", "ownerlookup", None),
    "Created_Time": ("Created Time", "datetime", None),
    "Modified_Time": ("Modified Time", "datetime", None),
    "Layout": ("Layout", "layout", None),
    "Wizard": ("Wizard", "wizard", None),
    "Record_Image": ("Record Image", "profileimage", None),
}

_USUAL: Mapping[str, str] = {name: ours for name, (_, _, ours) in _PERSON.items() if ours is not None}

#: Known without being described.
BUILT_IN: Mapping[str, Module] = {
    "Leads": _module(
        "Leads", "Leads", **_PERSON,
        Company=("Company", "text", "company"), City=("City", "text", "city"),
        Lead_Source=("Lead Source", "picklist", None), Lead_Status=("Lead Status", "picklist", None),
    ),
    "Contacts": _module(
        "Contacts", "Contacts", **_PERSON,
        Account_Name=("Account Name", "lookup", None), Company=("Company", "text", "company"),
        Mailing_City=("Mailing City", "text", "city"), Date_of_Birth=("Date of Birth", "date", None),
    ),
}  # fmt: skip

#: The field that holds a person's own refusal, in every module.
OPT_OUT_FIELD = "Email_Opt_Out"
