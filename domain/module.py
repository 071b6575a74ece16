"""CRM modules: which fields they have, and which of them may be mapped (R10, R19-R29)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

EMAIL_TYPE = "email"

#: By name, in any module (R19-R23).
UNMAPPABLE_NAMES = frozenset({"modified by", "created by", "modified time", "layout", "wizard"})
#: By type (R24-R28 and image upload).
UNMAPPABLE_TYPES = frozenset(
    {
        "lookup", "userlookup", "ownerlookup", "multiuserlookup", "multi_user_lookup", "multiselectlookup",
        "profileimage", "profile_image", "recordimage", "record_image", "fileupload", "file_upload",
        "subform", "imageupload", "image_upload",
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

    def field(self, api_name: str) -> ModuleField | None:
        return next((field for field in self.fields if field.api_name == api_name), None)


def why_unmappable(field: ModuleField) -> str | None:
    """Why a field can never be mapped (R29), or None when it can."""
    names = {field.api_name.replace("_", " ").lower(), field.label.lower()}
    if names & UNMAPPABLE_NAMES:
        return f"{field.label} is a system field and is never mapped"
    if field.type.lower().replace(" ", "").replace("-", "") in UNMAPPABLE_TYPES:
        return f"{field.label} is of type {field.type}, which holds no value that an email could show"
    return None


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
