"""D10: signs of what became of emails are kept per address; who has too many strikes is never mailed again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.eligibility import SuppressionReason
from domain.lists import Suppression
from domain.strikes import Sign, SignKind, StrikeRecord, after, escalated
from handlers.ports import Strikes

#: These matter for everybody; the others only for those whom strikes stand against already.
_OPENS_A_RECORD = frozenset({SignKind.STRUCK, SignKind.ALIVE})


@dataclass(frozen=True, slots=True)
class StrikeBook:
    strikes: Strikes

    async def told(self, signs: Sequence[Sign]) -> Sequence[Suppression]:
        """Keep the signs; the addresses that are dead by now. Telling it twice changes nothing, and finds the same.

        Records that others change at the same time are tried until it works: each time somebody got on.
        """
        of_contact: dict[str, list[Sign]] = defaultdict(list)
        for sign in sorted(signs, key=lambda sign: (sign.at, sign.email_id, sign.kind)):
            of_contact[sign.contact_id].append(sign)
        dead: list[Suppression] = []
        open_ids: Collection[str] = of_contact.keys()
        while open_ids:
            known = await self._known(of_contact, open_ids)
            changed = {key: _after(record, of_contact[key]) for key, record in known.items()}
            wanted = [record for key, record in changed.items() if record != known[key]]
            open_ids = await self.strikes.save(wanted) if wanted else frozenset()
            dead += _dead(of_contact, [record for key, record in changed.items() if key not in open_ids])
        return dead

    async def _known(
        self, of_contact: Mapping[str, Sequence[Sign]], ids: Collection[str]
    ) -> Mapping[str, StrikeRecord]:
        opening = {key for key in ids if any(sign.kind in _OPENS_A_RECORD for sign in of_contact[key])}
        stored = await self.strikes.load(opening) if opening else {}
        others = set(ids) - opening
        struck = await self.strikes.struck(others) if others else {}
        return {**{key: StrikeRecord(key) for key in opening}, **stored, **struck}


def _after(record: StrikeRecord, signs: Iterable[Sign]) -> StrikeRecord:
    for sign in signs:
        record = after(record, sign)
    return record


def _dead(of_contact: Mapping[str, Sequence[Sign]], records: Iterable[StrikeRecord]) -> list[Suppression]:
    found = [(record, escalated(record)) for record in records]
    return [
        Suppression(record.contact_id, SuppressionReason.HARD_BOUNCED, of_contact[record.contact_id][-1].at, why)
        for record, why in found
        if why is not None
    ]
