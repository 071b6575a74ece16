"""CRM modules and what of them can be mapped (R10, R19-R29)."""

from __future__ import annotations

import pytest

from domain.errors import InvalidDefinition
from domain.module import BUILT_IN, ModuleField, described, why_unmappable
from tests.builders import NOW


@pytest.mark.parametrize(
    ("api_name", "label", "kind"),
    [
        ("Modified_By", "Modified By", "ownerlookup"),  # R19
        ("Created_By", "Created By", "ownerlookup"),  # R20
        ("Modified_Time", "Modified Time", "datetime"),  # R21
        ("Layout", "Layout", "layout"),  # R22
        ("Wizard", "Wizard", "wizard"),  # R23
        ("Account_Name", "Account Name", "lookup"),  # R24
        ("Helpers", "Helpers", "multi-user lookup"),  # R25
        ("Helpers", "Helpers", "multiuserlookup"),
        ("Face", "Face", "profile image"),  # R26
        ("Face", "Face", "record_image"),
        ("Contract", "Contract", "file upload"),  # R27
        ("Lines", "Lines", "subform"),  # R28
        ("Photo", "Photo", "imageupload"),
        ("Account", "Account", "LOOKUP"),
        ("Friends", "Friends", "Multi-Select Lookup"),
        ("Face", "Face", "Profile/record image"),
        ("Photo", "Photo", "Image Upload"),
        ("x1", "MODIFIED BY", "text"),  # by name, however it is written
        ("x1", "Modified-Time", "text"),
        ("CREATED_BY", "Maker", "text"),
    ],
)
def test_what_can_never_be_mapped_is_refused_with_the_field_and_why(api_name: str, label: str, kind: str) -> None:
    """R29."""
    reason = why_unmappable(ModuleField(api_name, label, kind))
    assert reason is not None
    assert label in reason


@pytest.mark.parametrize(
    ("api_name", "kind"),
    [("City", "text"), ("Score", "integer"), ("Date_of_Birth", "date"), ("Lead_Source", "picklist")],
)
def test_plain_values_can_be_mapped(api_name: str, kind: str) -> None:
    """R17."""
    assert why_unmappable(ModuleField(api_name, api_name, kind)) is None


@pytest.mark.parametrize("name", ["Leads", "Contacts"])
def test_leads_and_contacts_are_known_without_being_described(name: str) -> None:
    """R10, R34."""
    module = BUILT_IN[name]
    assert module.email_field == "Email"
    for field, ours in module.default_map.items():
        described = module.field(field)
        assert described is not None
        assert why_unmappable(described) is None, ours
    assert module.field("Shoe_Size") is None


LAIR, MAIL, OTHER = (
    ModuleField("Lair", "Lair", "text"), ModuleField("Mail", "Mail", "Email"), ModuleField("Work", "Work", "email"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "given", "found"),
    [
        ([LAIR, MAIL, OTHER], None, "Mail"),
        ([LAIR, MAIL, OTHER], "Work", "Work"),
        ([LAIR], None, None),  # kept, and its syncs are refused (R10)
    ],
)
def test_the_field_of_type_email_holds_the_address(
    fields: list[ModuleField], given: str | None, found: str | None
) -> None:
    """R10."""
    assert described("Dragons", "Dragons", fields, given, NOW).email_field == found


@pytest.mark.parametrize(
    ("fields", "given", "words"),
    [
        ([LAIR, MAIL], "Lair", "email_field: Lair is not of type Email"),
        ([MAIL], "Gone", "email_field: Dragons has no field Gone"),
        ([LAIR, MAIL, LAIR], None, "fields: Lair is there twice"),
    ],
)
def test_a_description_that_does_not_hold_together_is_refused(
    fields: list[ModuleField], given: str | None, words: str
) -> None:
    with pytest.raises(InvalidDefinition, match=words):
        described("Dragons", "Dragons", fields, given, None)


def test_a_described_module_has_the_usual_map_as_far_as_its_fields_go() -> None:
    """R34."""
    fields = [ModuleField("First_Name", "First Name", "text"), ModuleField("Title", "Title", "lookup"), MAIL]
    assert described("Dragons", "Dragons", fields, None, None).default_map == {"First_Name": "first_name"}


def test_leads_described_anew_keep_their_own_map() -> None:
    fields = [ModuleField("City", "City", "text"), MAIL]
    assert described("Leads", "Leads", fields, None, None).default_map == {"City": "city"}
    assert described("Dragons", "Dragons", fields, None, None).default_map == {}
