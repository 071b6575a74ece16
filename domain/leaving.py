"""What becomes of people when their sync is deleted: off the lists that it put them on, and nothing else (D1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from domain.contact import Contact, left
from domain.map_versions import forgotten


def without_sync(contact: Contact, sync_id: str) -> Contact:
    """The contact without this sync. Values, topics, consents and memberships of other sources stay."""
    for list_id, source in list(_memberships(contact, sync_id)):
        contact = left(contact, list_id, source)
    sources = {
        ref: replace(source, map_versions=forgotten(source.map_versions, sync_id))
        for ref, source in contact.sources.items()
    }
    return contact if sources == contact.sources else replace(contact, sources=sources)


def lists_left(contact: Contact, sync_id: str) -> dict[str, bool]:
    """The lists that this sync put somebody on, and whether they leave them with it: others may hold them there."""
    after = without_sync(contact, sync_id)
    return {list_id: list_id not in after.memberships for list_id, _ in _memberships(contact, sync_id)}


def first_ref(contact: Contact, sync_id: str) -> str | None:
    """One record out of those that this sync put somebody on lists for, so that they are counted once."""
    return min((source.partition("|")[2] for _, source in _memberships(contact, sync_id)), default=None)


def _memberships(contact: Contact, sync_id: str) -> Iterator[tuple[str, str]]:
    """Each list with a reason of this sync."""
    for membership in contact.memberships.values():
        for source in membership.sources:
            if source.startswith(f"sync:{sync_id}|"):
                yield membership.list_id, source
