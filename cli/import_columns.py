"""Which column of a file is what: found by its name, or said by whoever imports it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.errors import InvalidDefinition
from domain.module import Module
from domain.reserved_fields import RESERVED
from domain.sync import CONTACT_FIELD

#: Names of columns as people write them, without case, blanks and signs; the first that is there is taken.
_EMAIL = (
    "email", "emailaddress", "mail", "mailaddress", "emailadresse", "epost", "courriel", "correo", "correoelectronico",
)  # fmt: skip
_CHANGED = ("changedat", "modifiedtime")
_RECORD = ("recordid", "id")
_NAMES: Mapping[str, str] = {
    "firstname": "first_name", "givenname": "first_name", "forename": "first_name", "vorname": "first_name",
    "prenom": "first_name", "nombre": "first_name",
    "lastname": "last_name", "surname": "last_name", "familyname": "last_name", "nachname": "last_name",
    "nomdefamille": "last_name", "apellido": "last_name", "apellidos": "last_name",
    "company": "company", "firma": "company", "city": "city", "ort": "city", "title": "title",
}  # fmt: skip
#: What a file of refused rows has beside the columns it came from: it may be mended and imported.
REFUSED_ROW, REFUSED_BECAUSE = "refused_row", "refused_because"


@dataclass(frozen=True, slots=True)
class Columns:
    """What each column of a file is; columns that are nothing are left out."""

    names: tuple[str, ...]  #: as they stand in row 1
    email: str | None
    record_id: str | None = None
    changed_at: str | None = None
    fields: Mapping[str, str] | None = None  #: column -> field that it fills

    def of_fields(self) -> Mapping[str, str]:
        return self.fields or {}

    def ignored(self) -> list[str]:
        used = {self.email, self.record_id, self.changed_at, *self.of_fields()}
        return [name for name in self.names if name not in used]


def of_module(names: Sequence[str], module: Module, said: Mapping[str, str]) -> Columns:
    """Columns for records of a module: every column is a field, by its name, label, or as it is said.

    Raises:
        InvalidDefinition: names stand there twice, or nothing tells the records apart.
    """
    _check(names, said)
    by_name = {_plain(name): field.api_name for field in module.fields for name in (field.label, field.api_name)}
    fields = {name: said.get(name, by_name.get(_plain(name), name)) for name in names}
    email = next((name for name, field in fields.items() if field == module.email_field), None)
    if email is None and module.email_field:
        email = _first([name for name in names if name not in said], _EMAIL)
        fields |= {email: module.email_field} if email else {}
    own = _plain(module.name).removesuffix("s") + "id"
    record_id = next((name for name in names if said.get(name) == "record_id"), None) or _first(names, (*_RECORD, own))
    if record_id is None and email is None:
        raise InvalidDefinition(
            "row 1: no column record_id or id, and no email address to tell the records apart; "
            f"there are: {', '.join(names) or 'none'}. --map 'COLUMN=record_id' says which one does"
        )
    kept = {name: field for name, field in fields.items() if field and name not in _not_fields(names, record_id)}
    return _once(Columns(tuple(names), email, record_id, _first(names, _CHANGED), kept))


def of_contacts(names: Sequence[str], said: Mapping[str, str]) -> Columns:
    """Columns for people without a record: email, and contact fields.

    Raises:
        InvalidDefinition: names stand there twice, there is no email column, or --map names no contact field.
    """
    _check(names, said)
    email = next((name for name in names if said.get(name) == "email"), None) or _first(names, _EMAIL)
    if email is None:
        raise InvalidDefinition(
            f"row 1: no email column; there are: {', '.join(names) or 'none'}. --map 'COLUMN=email' says which it is"
        )
    if wrong := [ours for name, ours in said.items() if ours and name != email and not CONTACT_FIELD.fullmatch(ours)]:
        raise InvalidDefinition(f"--map: {wrong[0]!r} is not a contact field name (lower-case letters, digits, _)")
    if taken := sorted(RESERVED.intersection(said.values())):
        raise InvalidDefinition(f"--map: mails fill in {taken[0]} themselves; choose another name")
    fields = {name: said.get(name, _contact_field(name)) for name in names if name not in {email, *_not_fields(names)}}
    return _once(Columns(tuple(names), email, fields={name: ours for name, ours in fields.items() if ours}))


def _not_fields(names: Iterable[str], record_id: str | None = None) -> set[str]:
    return {"changed_at", REFUSED_ROW, REFUSED_BECAUSE, "", record_id or "", *(n for n in names if not n.strip())}


def _contact_field(name: str) -> str:
    """The contact field that a column is about, or nothing."""
    slug = re.sub(r"[^a-z0-9]+", "_", name.strip().casefold()).strip("_")
    found = _NAMES.get(_plain(name), slug)
    return found if CONTACT_FIELD.fullmatch(found) and found not in RESERVED else ""


def _check(names: Sequence[str], said: Mapping[str, str]) -> None:
    if twice := [name for place, name in enumerate(names) if name in names[:place]]:
        raise InvalidDefinition(f"row 1: column {twice[0] or '(without a name)'} stands there twice")
    if unknown := [name for name in said if name not in names]:
        raise InvalidDefinition(f"--map: there is no column {unknown[0]}; there are: {', '.join(names)}")


def _once(columns: Columns) -> Columns:
    """
    Raises:
        InvalidDefinition: two columns fill one field; the second would overwrite the first.
    """
    by_field: dict[str, str] = {}
    for name, field in columns.of_fields().items():
        if field in by_field:
            raise InvalidDefinition(
                f"row 1: columns {by_field[field]} and {name} both fill {field}; leave one out: --map '{name}='"
            )
        by_field[field] = name
    return columns


def _first(names: Iterable[str], wanted: Sequence[str]) -> str | None:
    plain = {_plain(name): name for name in reversed(list(names))}
    return next((plain[each] for each in wanted if each in plain), None)


def _plain(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
