"""Which version of a sync's field map somebody was synced with, and what they lack since (R30-R33).

Versions stand with each source of a contact: sync id -> version; and, after a backfill of some of the new fields only,
"sync id:CRM field" -> version of that one field.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

Versions = Mapping[str, int]


def synced(versions: Versions, sync_id: str, version: int) -> dict[str, int]:
    """After the whole map was carried over."""
    return {**forgotten(versions, sync_id), sync_id: version}


def forgotten(versions: Versions, sync_id: str) -> dict[str, int]:
    """Without anything of this sync."""
    return {key: version for key, version in versions.items() if key.partition(":")[0] != sync_id}


def lacking(versions: Versions, sync_id: str, since: Mapping[str, int]) -> tuple[str, ...]:
    """The CRM fields that came on the map later and were not carried over; `since` has the version each came with.

    Somebody who was never synced lacks nothing: they are not the sync's.
    """
    if sync_id not in versions:
        return ()
    return tuple(
        field
        for field, version in since.items()
        if version > max(versions[sync_id], versions.get(f"{sync_id}:{field}", 0))
    )


def backfilled(
    versions: Versions, sync_id: str, fields: Collection[str], since: Mapping[str, int], version: int
) -> dict[str, int]:
    """After only these fields were carried over; when nothing is lacking any more, that is the whole map."""
    new = {f"{sync_id}:{field}": since[field] for field in fields if since[field] > versions[sync_id]}
    filled = {**versions, **new}
    return filled if lacking(filled, sync_id, since) else synced(filled, sync_id, version)
