"""Which column is what."""

import pytest

from cli.import_columns import of_contacts, of_module
from domain.errors import InvalidDefinition
from domain.module import BUILT_IN

LEADS = BUILT_IN["Leads"]


def test_columns_of_records_are_fields_by_name_or_label() -> None:
    columns = of_module(["Record Id", "first name", "E-Mail", "Modified_Time", "Shoe size"], LEADS, {})
    assert (columns.record_id, columns.email, columns.changed_at) == ("Record Id", "E-Mail", "Modified_Time")
    assert columns.of_fields() == {
        "first name": "First_Name",
        "E-Mail": "Email",
        "Modified_Time": "Modified_Time",
        "Shoe size": "Shoe size",
    }


@pytest.mark.parametrize("name", ["record_id", "id", "Id", "Record Id", "Lead Id"])
def test_ids_are_found_under_the_names_that_exports_give_them(name: str) -> None:
    assert of_module([name, "Name"], LEADS, {}).record_id == name


def test_without_ids_an_address_tells_records_apart() -> None:
    columns = of_module(["Name", "email address"], LEADS, {})
    assert (columns.record_id, columns.email) == (None, "email address")


def test_a_column_fills_what_is_said_of_it() -> None:
    columns = of_module(["id", "Mail 2", "Email", "Notes"], LEADS, {"Mail 2": "Email", "Email": "", "Notes": ""})
    assert (columns.email, columns.of_fields()) == ("Mail 2", {"Mail 2": "Email"})
    assert columns.ignored() == ["Email", "Notes"]


def test_columns_of_people_are_contact_fields() -> None:
    columns = of_contacts(["Vorname", "Nachname", "E-Mail", "Shoe size", "№"], {})
    assert columns.email == "E-Mail"
    assert columns.of_fields() == {"Vorname": "first_name", "Nachname": "last_name", "Shoe size": "shoe_size"}
    assert columns.ignored() == ["№"]


def test_a_mended_file_of_refused_rows_brings_no_fields_of_its_own() -> None:
    names = ["refused_row", "refused_because", "id", "Email"]
    assert of_module(names, LEADS, {}).of_fields() == {"Email": "Email"}
    assert of_contacts([*names[:2], "Email"], {}).of_fields() == {}


@pytest.mark.parametrize(
    ("names", "said", "told"),
    [
        (["Name", "City"], {}, "row 1: no column record_id or id, and no email address to tell the records apart"),
        ([], {}, "there are: none"),
        (["id", "Email", "Email"], {}, "row 1: column Email stands there twice"),
        (["id", "Email"], {"Mail": "Email"}, "--map: there is no column Mail; there are: id, Email"),
        (
            ["id", "City", "Town"],
            {"Town": "City"},
            "columns City and Town both fill City; leave one out: --map 'Town='",
        ),
    ],
)
def test_a_header_that_cannot_be_read_stops_it(names: list[str], said: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidDefinition) as caught:
        of_module(names, LEADS, said)
    assert told in str(caught.value)


def test_what_mails_fill_in_themselves_is_filled_by_no_column() -> None:
    assert of_contacts(["Email", "Unsubscribe URL"], {}).ignored() == ["Unsubscribe URL"]
    with pytest.raises(InvalidDefinition, match="mails fill in open_url themselves; choose another name"):
        of_contacts(["Email", "URL"], {"URL": "open_url"})


def test_people_need_an_email_column_and_known_fields() -> None:
    with pytest.raises(InvalidDefinition, match=r"no email column; there are: Name\. --map 'COLUMN=email' says which"):
        of_contacts(["Name"], {})
    with pytest.raises(InvalidDefinition, match="'Town Name' is not a contact field name"):
        of_contacts(["Email", "City"], {"City": "Town Name"})
