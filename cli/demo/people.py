"""The people of the demo: a CRM of leads and contacts with everything in it that goes wrong in real ones.

`python -m cli.demo.people examples 2000` writes examples/leads.csv and examples/contacts.csv; the same size gives the
same files. All domains are reserved for documentation (RFC 2606): no mail could ever leave the machine.
"""

from __future__ import annotations

import csv
import random
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

SEED = 20261123
SHARE_OF_LEADS = 0.6
COLUMNS = (
    "record_id", "First_Name", "Last_Name", "Email", "Company", "City", "Phone", "Email_Opt_Out", "Modified_Time",
)  # fmt: skip

FIRST = (
    "Anna Bruno Chiara Dmitri Elif Farah Grace Hugo Ines Jonas Kenji Léa Małgorzata Nils Olga Pablo Quinn Renée Søren "
    "Tariq Uma Vera Wei Xenia Yusuf Zoë"
).split()
LAST = (
    "Andersson Bianchi Çelik Dubois Ekström Fischer García Haddad Ivanova Jørgensen Kowalska López Müller Nakamura "
    "O'Brien Petrović Quist Rossi Sánchez Tanaka Ünal Vogel Wójcik Xu Yamada Zhang"
).split()
COMPANIES = (
    "Northwind Contoso Fabrikam Tailspin Litware Proseware Adatum Wingtip Lucerne Alpine Coho Relecloud Margie Trey"
).split()
CITIES = "Amsterdam Berlin Copenhagen Dublin Florence Göteborg Hamburg İzmir Kraków Lyon Łódź Madrid Zürich".split()


@dataclass(frozen=True, slots=True)
class Person:
    record_id: str
    first_name: str
    last_name: str
    email: str
    company: str
    city: str
    phone: str
    opted_out: bool
    modified_at: datetime

    def row(self) -> tuple[str, ...]:
        return (
            self.record_id, self.first_name, self.last_name, self.email, self.company, self.city, self.phone,
            "true" if self.opted_out else "false", self.modified_at.isoformat().replace("+00:00", "Z"),
        )  # fmt: skip


def leads(size: int) -> list[Person]:
    """The leads of a CRM of `size` people, troubles among them."""
    return _with_troubles(_people("5400000", round(size * SHARE_OF_LEADS), random.Random(SEED)), size)


def contacts(size: int) -> list[Person]:
    """The contacts; one in forty is a lead as well, under the same address."""
    dice = random.Random(SEED + 1)
    own = _people("7300000", size - round(size * SHARE_OF_LEADS), dice)
    twins = leads(size)[5 :: max(1, round(len(own) / 20))]
    shared = [replace(person, email=twin.email.upper()) for person, twin in zip(own[3::40], twins, strict=False)]
    by_id = {person.record_id: person for person in shared}
    return _with_troubles([by_id.get(person.record_id, person) for person in own], size)


def ordinary(size: int) -> list[Person]:
    """Leads without any trouble, whose mail is taken at the first try."""
    words = ("defer-", "full-", "unknown.", "spam.")
    return [one for one in leads(size) if "@" in one.email and not one.opted_out and not one.email.startswith(words)]


def _people(prefix: str, count: int, dice: random.Random) -> list[Person]:
    return [_person(f"{prefix}{number:012d}", number, dice) for number in range(1, count + 1)]


def _person(record_id: str, number: int, dice: random.Random) -> Person:
    first, last, company = dice.choice(FIRST), dice.choice(LAST), dice.choice(COMPANIES)
    return Person(
        record_id=record_id,
        first_name=first,
        last_name=last,
        email=f"{_mailbox_kind(dice)}{_ascii(first)}.{_ascii(last)}.{record_id[:2]}{number}@{company.lower()}.example",
        company=f"{company} {dice.choice(('Ltd', 'GmbH', 'AB', 'S.A.', 'Inc'))}",
        city=dice.choice(CITIES),
        phone=f"+46 8 {dice.randrange(100, 999)} {dice.randrange(10, 99)}",
        opted_out=False,
        modified_at=datetime(2026, 10, 1, tzinfo=UTC) + timedelta(minutes=dice.randrange(60 * 24 * 50)),
    )


def _mailbox_kind(dice: random.Random) -> str:
    """What the mail catcher does with an address (gateways/catcher.py): take it, defer it once or always, refuse it."""
    kinds = {"": 900, "defer-1.": 60, "full-9.": 12, "unknown.": 14, "spam.": 6}
    return dice.choices(list(kinds), list(kinds.values()))[0]


def _with_troubles(people: list[Person], size: int) -> list[Person]:
    """Every trouble at fixed places, so that a CRM of any size has each of them."""
    troubles = {
        7: {"email": ""},
        11: {"email": "no at sign"},
        17: {"email": "two@@signs.example"},
        23: {"opted_out": True},
        31: {"email": " ANNA.spaced@Northwind.Example "},
    }
    period = 97
    return [
        replace(person, **troubles[place % period]) if place % period in troubles else person  # type: ignore[arg-type]
        for place, person in enumerate(people)
    ]


def _ascii(name: str) -> str:
    spelt = unicodedata.normalize("NFKD", name.translate(str.maketrans("øØłŁ", "oOlL"))).lower()
    return "".join(letter for letter in spelt if letter.isascii() and letter.isalnum())


def write(directory: Path, size: int) -> tuple[Path, Path]:
    """leads.csv and contacts.csv in the directory."""
    files = directory / "leads.csv", directory / "contacts.csv"
    for file, people in zip(files, (leads(size), contacts(size)), strict=True):
        with file.open("w", newline="", encoding="utf-8") as out:
            csv.writer(out, lineterminator="\n").writerows(_rows(people))
    return files


def _rows(people: list[Person]) -> Iterator[tuple[str, ...]]:
    yield COLUMNS
    for person in people:
        yield person.row()


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
