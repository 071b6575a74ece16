"""Taking a sync off people: off the lists that only it put them on (D1). Told twice, it changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from domain.contact import Contact
from domain.errors import Conflict
from domain.leaving import first_ref, lists_left, without_sync
from domain.record import Record
from handlers.carry_over import ROUNDS
from handlers.ports.audience import Contacts
from handlers.sync_pages import contact_ids


async def taken_off(sync_id: str, records: Sequence[Record], contacts: Contacts) -> Mapping[str, int]:
    """The people behind these records without the sync, counted as `leaving` does.

    Raises:
        Conflict: others kept changing the same contacts.
    """
    people = await contacts.load(contact_ids(records))
    counts = leaving(sync_id, records, people)
    for _ in range(ROUNDS):
        changed = [after for each in people.values() if (after := without_sync(each, sync_id)) != each]
        left = await contacts.save(changed) if changed else frozenset()
        if not left:
            return counts
        people = await contacts.load(left)
    raise Conflict(f"{len(people)} contacts kept changing while sync {sync_id} was taken off them")


def leaving(sync_id: str, records: Sequence[Record], people: Mapping[str, Contact]) -> Mapping[str, int]:
    """Records, and people by list who leave it, or stay on it for other reasons; each once, whatever the slice."""
    refs = {record.ref for record in records}
    counts = Counter[str](total=len(records))
    for person in people.values():
        if first_ref(person, sync_id) in refs:
            lists = lists_left(person, sync_id)
            counts.update(f"{'left' if leaves else 'stay'}.{one}" for one, leaves in lists.items())
    return dict(counts)
