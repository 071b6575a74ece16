"""An email is opened, or a link in it followed: the event that tells of it, as far as its reader allows (D12)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta

from domain.anonymous_visits import AnonymousVisit
from domain.email import EmailState
from domain.machine_readers import SOON_S, MachineSign, Visit, machine_sign
from domain.tracking import Kind, is_nobody
from domain.tracking_policy import Telling
from handlers.known_campaigns import Known, KnownCampaigns
from handlers.page_tokens import PageTokens, campaign_of
from handlers.ports.clock import Clock
from handlers.ports.ledger import Emails
from handlers.recent_clicks import RecentClicks
from handlers.tally import Tally
from handlers.tracked_readers import TrackedReaders
from messages.delivery_event import DeliveryEvent, EventType, Evidence

#: Asking for the same thing again within one such period is the same event: a flood is one.
_SAME_S = 60
_LINGERS = timedelta(seconds=6 * SOON_S)  #: after a campaign is all out nobody needs to look when a mail went


@dataclass(frozen=True, slots=True)
class Asked:
    """How it was asked for."""

    method: str
    user_agent: str
    client: str | None  #: an address; compared, and kept nowhere. None: many people may share it


@dataclass(frozen=True, slots=True)
class Aim:
    """Where a link leads, and whose it was."""

    email_id: str
    number: int
    url: str


@dataclass(frozen=True, slots=True)
class Visits:
    tokens: PageTokens
    campaigns: KnownCampaigns
    emails: Emails
    tracked: TrackedReaders
    recent: RecentClicks
    tally: Tally
    now: Clock

    async def opener(self, token: str) -> str | None:
        """The email whose pixel it is, or None."""
        return await self.tokens.email_of(token, Kind.OPEN)

    async def aim(self, token: str, number: int) -> Aim | None:
        """Where the link leads, or None: no token of ours, or no such link in its campaign.

        Raises:
            Incomplete, StoreUnavailable: it can't be told now.
        """
        email_id = await self.tokens.email_of(token, Kind.CLICK)
        known = await self.campaigns.of(campaign_of(email_id)) if email_id else None
        if email_id is None or known is None or number >= len(known.links):
            return None
        return Aim(email_id, number, known.links[number])

    async def opened(self, email_id: str, asked: Asked) -> DeliveryEvent | None:
        """The event; None where its person is not tracked, is gone, or is only counted, which is done by then.

        Raises:
            StoreUnavailable: it can't be told now.
        """
        telling = await self.tracked.telling(email_id)
        if telling is Telling.NOTHING:
            return None
        sign = await self._sign(email_id, Visit(is_click=False, method=asked.method, user_agent=asked.user_agent))
        if telling is Telling.COUNTED:
            return await self._count(AnonymousVisit(campaign_of(email_id), None, sign is not None))
        return self._event(EventType.OPENED, email_id, asked, sign)

    async def clicked(self, aim: Aim, asked: Asked) -> DeliveryEvent | None:
        """The same, of a link."""
        links, people = (1, 1) if is_nobody(aim.email_id) else self.recent.note(aim.email_id, aim.number, asked.client)
        visit = Visit(is_click=True, method=asked.method, user_agent=asked.user_agent, links=links, people=people)
        telling = await self.tracked.telling(aim.email_id)
        if telling is Telling.NOTHING:
            return None
        sign = await self._sign(aim.email_id, visit)
        if telling is Telling.COUNTED:
            return await self._count(AnonymousVisit(campaign_of(aim.email_id), aim.number, sign is not None))
        return self._event(EventType.CLICKED, aim.email_id, asked, sign, aim.url)

    async def _count(self, visit: AnonymousVisit) -> DeliveryEvent | None:
        """Nothing is left to be told. What is offline stays as it is (R102)."""
        known = await self.campaigns.of(visit.campaign_id)
        if known is not None and not known.is_offline:
            await self.tally.add(visit)
        return None

    async def _sign(self, email_id: str, visit: Visit) -> MachineSign | None:
        sign = machine_sign(visit)
        if sign is not None or not visit.depends_on_time or is_nobody(email_id):
            return sign
        known = await self.campaigns.of(campaign_of(email_id))
        if known is None or self._is_long_out(known):
            return None
        return machine_sign(replace(visit, after_s=await self._after_s(email_id)))

    def _is_long_out(self, known: Known) -> bool:
        return known.out_since is not None and self.now() - known.out_since > _LINGERS

    async def _after_s(self, email_id: str) -> float | None:
        """Since the relay took the mail; 0 where that is not even recorded."""
        row = next(iter(await self.emails.load([email_id])), None)
        if row is None:
            return None
        if row.state is EmailState.SENT and row.state_at is not None:
            return (self.now() - row.state_at).total_seconds()
        return 0.0 if row.state in (EmailState.PLANNED, EmailState.CLAIMED) else None

    def _event(
        self, kind: EventType, email_id: str, asked: Asked, sign: MachineSign | None, url: str | None = None
    ) -> DeliveryEvent:
        at = self.now()
        same = f"{email_id} {kind} {url} {asked.user_agent} {sign} {int(at.timestamp()) // _SAME_S}"
        return DeliveryEvent(
            event_id=f"web:{hashlib.sha256(same.encode(errors='replace')).hexdigest()[:40]}",
            event=kind,
            email_id=email_id,
            occurred_at=at,
            evidence=Evidence(source="pixel" if url is None else "link", rule=sign),
            url=url[:8192] if url else None,
            user_agent=asked.user_agent[:1024] or None,
            by_machine=sign is not None,
        )
