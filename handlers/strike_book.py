"""D10: signs of what became of emails are kept per address; who has too many strikes is never mailed again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.eligibility import SuppressionReason
from domain.lists import Suppression
from domain.strikes import Sign, SignKind, StrikeRecord, after, escalated
from handlers.ports.ledger import Emails
from handlers.ports.responses import Strikes


@dataclass(frozen=True, slots=True)
class StrikeBook:
    """Only a strike opens a record: what else is told matters for those whom strikes stand against already. What was
    told in their favour before that stands in the ledger, which keeps the first open, click and reply of each email:
    those count (D10), later ones of the same email do not."""

    strikes: Strikes
    emails: Emails

    async def told(self, signs: Sequence[Sign]) -> Sequence[Suppression]:
        """Keep the signs; the addresses that are dead by now. Telling it twice changes nothing, and finds the same.

        Records that others change at the same time are tried until it works: each time somebody got on.
        """
        of_contact: dict[str, list[Sign]] = defaultdict(list)
        for sign in sorted(signs, key=lambda sign: (sign.at, sign.email_id, sign.kind)):
            of_contact[sign.contact_id].append(sign)
        opening = [key for key, own in of_contact.items() if any(sign.kind is SignKind.STRUCK for sign in own)]
        for sign in await self._in_favour(opening):
            of_contact[sign.contact_id].insert(0, sign)
        dead: list[Suppression] = []
        open_ids: Collection[str] = of_contact.keys()
        while open_ids:
            known = await self._known(open_ids, frozenset(opening))
            changed = {key: _after(record, of_contact[key]) for key, record in known.items()}
            wanted = [record for key, record in changed.items() if record != known[key]]
            open_ids = await self.strikes.save(wanted) if wanted else frozenset()
            dead += _dead(of_contact, [record for key, record in changed.items() if key not in open_ids])
        return dead

    async def _in_favour(self, contact_ids: Collection[str]) -> Sequence[Sign]:
        """That somebody read at these addresses, as far as the ledger knows."""
        found = await self.emails.last_alive(contact_ids) if contact_ids else {}
        return [Sign(contact_id, "", SignKind.ALIVE, at) for contact_id, at in found.items()]

    async def _known(self, ids: Collection[str], opening: Collection[str]) -> Mapping[str, StrikeRecord]:
        new, others = [key for key in ids if key in opening], [key for key in ids if key not in opening]
        stored = await self.strikes.load(new) if new else {}
        struck = await self.strikes.struck(others) if others else {}
        return {**{key: StrikeRecord(key) for key in new}, **stored, **struck}


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
