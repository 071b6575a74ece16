"""All that is kept of one person, for that person (GDPR, Art. 15 and 20)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.erasure_requested import Whereabouts
from handlers.ports.clock import Clock
from handlers.ports.privacy import Traces

#: Of the machinery, not of the person.
_OURS = frozenset({"saved_by", "feed", "revision", "taken_by", "taken_until"})


@dataclass(frozen=True, slots=True)
class PersonExport:
    whereabouts: Whereabouts
    traces: Sequence[Traces]
    now: Clock

    async def __call__(self, address: str | None, record: str | None) -> Mapping[str, Any]:
        """By collection; those that hold nothing are named too.

        Raises:
            InvalidMessage: the address is none.
        """
        person = await self.whereabouts(address, record)
        found = {each.collection: [_without_ours(one) for one in await each.of(person)] for each in self.traces}
        return {
            "exported_at": self.now(),
            "address": person.identity or None,
            "contact_id": person.contact_id,
            "records": sorted(person.refs),
            "data": found,
        }


def _without_ours(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in document.items() if name not in _OURS}
