"""Whether the CRM is linked, in memory."""

from __future__ import annotations

from dataclasses import replace

from domain.errors import Conflict
from domain.integration import Integration


class MemoryIntegrations:
    def __init__(self, stored: Integration | None = None) -> None:
        self.stored = stored or Integration()

    async def get(self) -> Integration:
        return self.stored

    async def save(self, integration: Integration) -> Integration:
        if integration.revision != self.stored.revision:
            raise Conflict("somebody else has changed the integration at the same time")
        self.stored = replace(integration, revision=integration.revision + 1)
        return self.stored
