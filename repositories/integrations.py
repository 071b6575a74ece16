"""Whether the CRM and this deployment are linked: one document.

{_id: "integration", state, at, by, request, left_at, detached_at, finished_at, answered: [request id],
 revision: counts writes, saved_by}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from domain.errors import Conflict
from domain.integration import Integration, IntegrationState
from repositories.bulk import save_revised
from repositories.connection import Database, collection
from repositories.errors import answered

_ID = "integration"
#: What a newer version adds is left alone: both run side by side for a while.
_FIELDS = frozenset(field.name for field in fields(Integration))


class MongoIntegrations:
    def __init__(self, database: Database) -> None:
        self._integrations = collection(database, "integration")

    async def get(self) -> Integration:
        document = await answered(self._integrations.find_one({"_id": _ID}))
        return _integration(document) if document else Integration()

    async def save(self, integration: Integration) -> Integration:
        saved = replace(integration, revision=integration.revision + 1)
        if await save_revised(self._integrations, [{"_id": _ID, **asdict(saved)}]):
            raise Conflict("somebody else has changed the integration at the same time")
        return saved


def _integration(document: Mapping[str, Any]) -> Integration:
    known = {name: value for name, value in document.items() if name in _FIELDS}
    state = IntegrationState(document["state"])
    return Integration(**{**known, "state": state, "answered": tuple(document["answered"])})
