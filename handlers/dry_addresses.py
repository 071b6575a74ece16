"""Who shares an address among the people picked, found before anything is decided (D2).

A review puts everybody on the list before it decides on anybody. A dry run decides slice by slice, so it has to know
beforehand whose address turns up in another slice. What is kept of a person is 8 bytes of the contact id and the ref:
some 40 bytes, 16 MB for the 400,000 that a campaign may pick.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

_SEPARATOR = "\n"  #: in no ref: ids of the CRM have no line breaks


@dataclass(slots=True)
class Addressees:
    _hashes: array[int] = field(default_factory=lambda: array("Q"))  #: in the order in which they were added
    _refs: list[bytes] = field(default_factory=list)  #: the refs of each slice
    _ordered: array[int] = field(default_factory=lambda: array("Q"))
    _shared: dict[int, list[str]] = field(default_factory=dict)

    def add(self, people: Iterable[tuple[str, str]]) -> None:
        """Picked records of one slice that lead to an address: ref and contact id."""
        pairs = list(people)
        self._hashes.extend(_hash(contact_id) for _, contact_id in pairs)
        if pairs:
            self._refs.append(_SEPARATOR.join(ref for ref, _ in pairs).encode())

    def complete(self) -> None:
        """Everybody was added."""
        self._ordered = array("Q", sorted(self._hashes))
        twice = {one for one, next_one in zip(self._ordered, self._ordered[1:], strict=False) if one == next_one}
        shared: dict[int, list[str]] = defaultdict(list)
        for found, ref in zip(self._hashes, self._each_ref(), strict=True):
            if found in twice:
                shared[found].append(ref)
        self._shared = dict(shared)
        self._hashes, self._refs = array("Q"), []

    def holds(self, contact_id: str) -> bool:
        """Whether a picked record leads to this contact."""
        wanted = _hash(contact_id)
        place = bisect_left(self._ordered, wanted)
        return place < len(self._ordered) and self._ordered[place] == wanted

    def others(self, contact_ids: Iterable[str], known: Collection[str]) -> Sequence[str]:
        """The refs that lead to these contacts, too, without those that are known already; ascending."""
        found = {ref for contact_id in contact_ids for ref in self._shared.get(_hash(contact_id), ())}
        return sorted(found.difference(known))

    def _each_ref(self) -> Iterator[str]:
        for joined in self._refs:
            yield from joined.decode().split(_SEPARATOR)


def _hash(contact_id: str) -> int:
    """Of 400,000 people two get the same by chance once in 200 million dry runs."""
    return int(contact_id[:16], 16)
