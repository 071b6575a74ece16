"""Mail servers of domains that a test names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class MemoryMailServers:
    def __init__(self, known: Mapping[str, Sequence[str]]) -> None:
        self.known = dict(known)

    def of(self, domain: str) -> Sequence[str] | None:
        return self.known.get(domain)
