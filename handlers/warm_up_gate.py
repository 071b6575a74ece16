"""Whether a sending domain has used up its day of warm-up: batches then stay where they are until the next one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handlers.ports.sending import Throttles


@dataclass(frozen=True, slots=True)
class WarmUpGate:
    """Nothing waits, and nobody is asked, where there is no warm-up (no `caps`)."""

    throttles: Throttles
    caps: Sequence[int] = ()  #: mails of the first, second, … day

    async def waits_s(self, domain: str) -> float:
        """Seconds until the domain may send again; 0 while it may."""
        return await self.throttles.day_over(domain, self.caps) if self.caps else 0.0
