"""Reading all records of a module with flat memory, by ascending ref: queries on the index of ids only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

from domain.record import Record
from handlers.ports.audience import Records

PAGE_SIZE = 500


async def pages(records: Records, module: str, size: int = PAGE_SIZE) -> AsyncIterator[Sequence[Record]]:
    """The records of a module, `size` at a time."""
    refs: list[str] = []
    async for ref in records.keys(module):
        refs.append(ref)
        if len(refs) == size:
            yield await _page(records, refs)
            refs = []
    if refs:
        yield await _page(records, refs)


def contact_ids(records: Iterable[Record]) -> frozenset[str]:
    """Who stands behind these records."""
    return frozenset(
        record.projected.contact_id for record in records if record.projected and record.projected.contact_id
    )


async def _page(records: Records, refs: Sequence[str]) -> Sequence[Record]:
    found = await records.load(refs)
    return [found[ref] for ref in refs if ref in found]
