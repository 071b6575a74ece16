"""Syncs: what carries the records of a CRM module into mailing lists (R8-R33)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from domain.contact import SubscriptionType
from domain.errors import IllegalTransition, InvalidDefinition
from domain.module import Module, why_unmappable
from domain.reserved_fields import RESERVED

CONTACT_FIELD = re.compile(r"[a-z][a-z0-9_]{0,63}")


class SyncStatus(StrEnum):
    DRAFT = "draft"  #: set up and mapped, not yet initiated: nothing is synced
    ACTIVE = "active"  #: initiated; changed records follow at once
    PAUSED = "paused"  #: changes are stored with the records and reach the lists when it is resumed
    DELETING = "deleting"  #: its people are taken off its lists; gone when that is done


NEXT: Mapping[SyncStatus, frozenset[SyncStatus]] = {
    SyncStatus.DRAFT: frozenset({SyncStatus.ACTIVE, SyncStatus.DELETING}),
    SyncStatus.ACTIVE: frozenset({SyncStatus.ACTIVE, SyncStatus.PAUSED, SyncStatus.DELETING}),
    SyncStatus.PAUSED: frozenset({SyncStatus.ACTIVE, SyncStatus.DELETING}),
    SyncStatus.DELETING: frozenset({SyncStatus.DELETING}),
}


class SyncSkip(StrEnum):
    """Why a record does not become a list member (D5)."""

    DELETED = "deleted"
    NO_EMAIL = "no_email"
    INVALID_EMAIL = "invalid_email"
    OPTED_OUT = "opted_out"
    SUPPRESSED = "suppressed"
    ROLE_ADDRESS = "role_address"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Sync:
    id: str
    name: str
    module: str
    lists: tuple[str, ...]  #: target lists, may be none (R11)
    subscription: SubscriptionType
    topics: tuple[str, ...]  #: only with marketing (R13, R14)
    update_empty_values: bool  #: whether a value erased in the CRM is erased here (R15)
    field_map: Mapping[str, str]  #: CRM field -> contact field
    map_version: int = 1  #: counts changes of the map (R33)
    status: SyncStatus = SyncStatus.DRAFT
    field_versions: Mapping[str, int] = field(default_factory=dict)  #: CRM field -> the map version it came with
    revision: int = field(default=0, compare=False)  #: of the stored document; 0 = not stored yet

    @property
    def since(self) -> dict[str, int]:
        """The map version that each mapped CRM field came with; of those it does not know, the newest."""
        return {theirs: self.field_versions.get(theirs, self.map_version) for theirs in self.field_map}

    @property
    def holds(self) -> frozenset[str]:
        """What a run over all its records has for itself: one at a time of a sync, and of a module and list."""
        return frozenset({f"sync:{self.id}", *(f"{self.module}>{list_id}" for list_id in self.lists)})

    def moved_to(self, status: SyncStatus) -> Sync:
        """The same sync in `status`.

        Raises:
            IllegalTransition: `status` does not follow the current one in `NEXT`.
        """
        if status not in NEXT[self.status]:
            raise IllegalTransition(f"sync {self.id} is {self.status} and cannot become {status}")
        return replace(self, status=status)


def redefined(known: Sync, wanted: Sync) -> Sync:
    """`known` as `wanted` defines it. The map may change at any time and has a version of its own then (R17, R33).

    Raises:
        InvalidDefinition: another module; the people of the first one would stay on the lists for no reason.
        IllegalTransition: it is being deleted.
    """
    if known.status is SyncStatus.DELETING:
        raise IllegalTransition(f"sync {known.id} is being deleted and cannot be changed; create another one")
    if wanted.module != known.module:
        raise InvalidDefinition(
            f"module: sync {known.id} carries {known.module}; create another sync for {wanted.module}"
        )
    mapped = known.map_version if wanted.field_map == known.field_map else known.map_version + 1
    before = known.since
    since = {
        theirs: before[theirs] if known.field_map.get(theirs) == ours else mapped
        for theirs, ours in wanted.field_map.items()
    }
    return replace(wanted, map_version=mapped, field_versions=since, status=known.status, revision=known.revision)


def check_mapped(sync: Sync, fields: Collection[str]) -> None:
    """
    Raises:
        InvalidDefinition: some of these CRM fields are not on its map; names them.
    """
    if unknown := [name for name in fields if name not in sync.field_map]:
        named = ", ".join(unknown)
        raise InvalidDefinition(
            f"fields: {named} not on the map of sync {sync.id}; `campaigns sync show {sync.id}` shows it"
        )


def new_fields(sync: Sync) -> list[str]:
    """CRM fields that came on the map, or were mapped anew, after it was first made."""
    return [theirs for theirs, version in sync.since.items() if version > 1]


def fingerprint(sync: Sync) -> str:
    """Equal for syncs that carry over alike: a run that began with another one is not gone on with."""
    parts = [
        sync.module, sorted(sync.lists), sync.subscription, sorted(sync.topics),
        sync.update_empty_values, sorted(sync.field_map.items()), sync.map_version,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def problems(sync: Sync, module: Module | None) -> list[str]:
    """Everything wrong with a sync, first step first (R8): set-up, then the map. Nothing: it may be initiated."""
    if module is None:
        return [f"module: {sync.module} is not known; describe it with a module-described message"]
    return _set_up_problems(sync, module) or _map_problems(sync, module)


def _set_up_problems(sync: Sync, module: Module) -> list[str]:
    found = []
    if module.email_field is None:
        found.append(f"module: {module.name} has no field of type Email, so its records cannot be synced (R10)")
    if sync.topics and sync.subscription is SubscriptionType.NON_MARKETING:
        found.append("topics: only a marketing sync has topics (R14); leave them out or choose marketing")
    return found


def _map_problems(sync: Sync, module: Module) -> list[str]:
    found = []
    for theirs, ours in sync.field_map.items():
        field = module.field(theirs)
        if field is None:
            found.append(f"map.{theirs}: {module.name} has no such field; describe the module anew, or unmap it")
        elif reason := why_unmappable(field):
            found.append(f"map.{theirs}: {reason} (R29)")
        if not CONTACT_FIELD.fullmatch(ours):
            found.append(f"map.{theirs}: {ours!r} is not a contact field name (lower-case letters, digits, _)")
        if ours in RESERVED:
            found.append(f"map.{theirs}: {ours} is filled in by every mail itself; choose another contact field")
    twice = {ours for ours in sync.field_map.values() if list(sync.field_map.values()).count(ours) > 1}
    return found + [f"map: contact field {ours} is filled from more than one CRM field" for ours in sorted(twice)]
