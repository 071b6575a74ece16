"""What the CRM may no longer ask for once the integration was left (R98), and what waits while it is being left."""

from __future__ import annotations

from dataclasses import dataclass

from domain.campaign import Origin
from domain.errors import Busy, NotReady
from handlers.ports.syncing import Integrations


@dataclass(frozen=True, slots=True)
class CrmGate:
    integrations: Integrations

    async def check_campaign(self, campaign_id: str, origin: Origin, way: str = "send", kind: str = "campaign") -> None:
        """`way` is the command of this `kind` that does the same here, where it may be done.

        Raises:
            NotReady: it is asked for in the CRM, and the two are not linked.
            Busy: campaigns are being taken offline, so that nobody could tell an old one from a new one.
        """
        known = await self.integrations.get()
        if known.detaching:
            raise Busy("campaigns are being taken offline; `campaigns integration show` says how far that is")
        if origin is Origin.CRM and not known.active:
            raise NotReady(
                f"{kind} {campaign_id} is asked for in the CRM, and the integration is {known.state}: "
                f"{way} it here, campaigns {kind} {way} {campaign_id}, or campaigns integration activate"
            )

    async def check_sync(self, sync_id: str) -> None:
        """
        Raises:
            NotReady: the CRM and this deployment are not linked.
        """
        known = await self.integrations.get()
        if not known.active:
            raise NotReady(f"sync {sync_id} rests: the integration is {known.state}; campaigns integration activate")
