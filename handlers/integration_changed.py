"""Somebody leaves the CRM, or comes back (R96-R101)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from domain.integration import check_confirmation
from handlers.ports.clock import Clock
from handlers.ports.syncing import Integrations
from messages.base import Message
from messages.integration_changed import IntegrationChanged

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class IntegrationChanger:
    """Stores what is to be; from then on it follows by itself, whoever dies (handlers/detachment.py)."""

    integrations: Integrations
    organisation: str  #: its name
    now: Clock

    async def __call__(self, message: IntegrationChanged) -> Sequence[Message]:
        """Nothing follows. A request that comes again changes nothing.

        Raises:
            NotConfirmed, NotReady: it is to be left, and nobody has typed the organisation's name.
            IllegalTransition: the change does not lead on from how it is.
            Busy: it is to be active again, and is still on its way out.
            Conflict: somebody else changed it at the same time.
        """
        known = await self.integrations.get()
        request = message.request_id or ""  # that of the event, whatever the publisher left out
        if request in known.answered:
            return []
        check_confirmation(message.change, message.confirmation, self.organisation)
        changed = known.changed(message.change, by=message.confirmed_by, request=request, at=self.now())
        await self.integrations.save(changed)
        if changed.state is not known.state:
            _log.warning("integration_changed", state=changed.state, by=changed.by)
        return []
