"""CRM modules and what of them can be mapped (R10, R19-R29)."""

from __future__ import annotations

import pytest

from domain.module import BUILT_IN, ModuleField, why_unmappable


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
        ("x1", "MODIFIED BY", "text"),  # by name, however it is written
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
