"""A change of what stands with people themselves: topics, consents. Whoever changes them meanwhile is noticed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from domain.contact import Contact
from domain.errors import Conflict
from handlers.ports.audience import Contacts

ROUNDS = 5  #: of taking in what others changed first


@dataclass(frozen=True, slots=True)
class ContactChanges:
    """Applies one change to some contacts. Told twice, it writes nothing the second time."""

    contacts: Contacts

    async def __call__(self, contact_ids: Collection[str], change: Callable[[Contact], Contact]) -> int:
        """How many of them there are.

        Raises:
            Conflict: others kept changing the same contacts; some may be changed.
        """
        open_ids, known = frozenset(contact_ids), set[str]()
        for _ in range(ROUNDS):
            before = await self.contacts.load(open_ids)
            known |= before.keys()
            changed = [after for contact in before.values() if (after := change(contact)) != contact]
            open_ids = await self.contacts.save(changed) if changed else frozenset()
            if not open_ids:
                return len(known)
        raise Conflict(f"{len(open_ids)} contacts kept changing; repeat the command")
