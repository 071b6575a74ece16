"""A spam engine that says what it is told to."""

from __future__ import annotations

from dataclasses import dataclass, field

from domain.spam_verdict import EngineAway, SpamVerdict


@dataclass
class MemorySpamEngine:
    says: SpamVerdict | EngineAway = field(default_factory=lambda: SpamVerdict(0.0))
    asked: list[bytes] = field(default_factory=list)

    async def judge(self, mail: bytes) -> SpamVerdict | EngineAway:
        self.asked.append(mail)
        return self.says
