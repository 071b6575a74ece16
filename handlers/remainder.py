"""A campaign that was sent is sent to those whom it has not reached (X2). Only people ask for it.

Rows are planned first and the campaign is `sending` after that: killed in between, it is told once more and goes on.
The scheduler puts the rows in batches as it does with deferred ones, under the same throttles, as many at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from domain.campaign import Campaign, CampaignStatus
from domain.email import Email, EmailState
from domain.errors import IllegalTransition, UnknownCampaign, UnknownEmail
from domain.remainder import LEFT_OUT, Stays, Wish, stays
from handlers.paged import paged
from handlers.ports.audience import Contacts
from handlers.ports.campaigns import Campaigns
from handlers.ports.clock import Clock
from handlers.ports.ledger import Emails, Slices
from handlers.ports.responses import Suppressions

_S = CampaignStatus
_GOES_ON = frozenset({_S.SENT, _S.SENDING, _S.PAUSED})
_ANY_TIME = timedelta(days=3650)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Remainder:
    """People by how their row stands."""

    reached: Mapping[str, int]  #: planned once more, or would be: by "state: reason"
    stay: Mapping[tuple[str, str], int]  #: by "state: reason" and why they stay (`Stays`, or a `SkipReason`)
    waiting: bool  #: whether anybody is to be sent now


@dataclass(frozen=True, slots=True)
class RemainderSender:
    campaigns: Campaigns
    contacts: Contacts
    suppressions: Suppressions
    emails: Emails
    slices: Slices
    now: Clock
    window: int = 500  #: rows that are decided on together

    async def doubts(self, campaign_id: str, addresses: Collection[str]) -> frozenset[str]:
        """The ids of rows in doubt with these addresses; those that were planned once more since are named in vain.

        Raises:
            UnknownEmail: somebody named is not in doubt, and never was when the remainder was made.
        """
        rows = await self.emails.of_addresses(campaign_id, addresses) if addresses else ()
        named = [row for row in rows if row.state is EmailState.IN_DOUBT or _was_in_doubt(row)]
        if {row.address.lower() for row in named} != {address.lower() for address in addresses}:
            raise UnknownEmail(
                f"not all of those named are in doubt in {campaign_id}, so nothing was done; "
                f"`campaigns in-doubt {campaign_id}` lists who is"
            )
        return frozenset(row.id for row in named if row.state is EmailState.IN_DOUBT)

    async def __call__(self, campaign_id: str, wish: Wish, *, by: str, dry_run: bool = False) -> Remainder:
        """Who is planned once more and who is not; told again, nobody is planned who was.

        Raises:
            UnknownCampaign: there is no such campaign.
            IllegalTransition: it was not sent, or was ended for good.
        """
        campaign = await self._stored(campaign_id)
        reached, stay = Counter[str](), Counter[tuple[str, str]]()
        async for rows in paged(self.emails.ended(campaign_id, LEFT_OUT), self.window):
            decided = await self._decided(campaign, rows, wish)
            again = [row for row, why in decided if why is None]
            if again and not dry_run:
                await self.emails.replan(again, by, self.now())
            reached.update(_name(row) for row in again)
            stay.update((_name(row), why) for row, why in decided if why is not None)
        waiting = bool(reached) if dry_run else await self._gone_on(campaign_id, by, sum(reached.values()))
        return Remainder(reached, stay, waiting)

    async def _stored(self, campaign_id: str) -> Campaign:
        campaign = await self.campaigns.get(campaign_id)
        if campaign is None:
            raise UnknownCampaign(f"campaign {campaign_id} is not stored; `campaigns campaign show` lists all")
        if campaign.status not in _GOES_ON:
            raise IllegalTransition(
                f"campaign {campaign_id} is {campaign.status}: there is a remainder of a campaign that was sent; "
                "one that was stopped or cancelled never goes on"
            )
        return campaign

    async def _decided(self, campaign: Campaign, rows: Sequence[Email], wish: Wish) -> list[tuple[Email, str | None]]:
        ids = {row.contact_id for row in rows}
        contacts, suppressed = await self.contacts.for_sending(ids), await self.suppressions.of(ids)
        # Looked at after the rows: what is in no held batch then has its outcomes stored.
        held = {each.number for each in await self.slices.held(campaign.id)}
        return [
            (row, Stays.UNDER_WAY)
            if row.slice in held
            else (
                row,
                stays(row, wish, contacts.get(row.contact_id), suppressed.get(row.contact_id, frozenset()), campaign),
            )
            for row in rows
        ]

    async def _gone_on(self, campaign_id: str, by: str, count: int) -> bool:
        """Whether anybody waits; then a campaign that is sent is being sent again.

        One that is being sent is written too: whoever counted its books before has another revision, and ends nothing.
        """
        campaign = await self._stored(campaign_id)
        if not await self.emails.due(campaign_id, self.now() + _ANY_TIME, 1):
            return campaign.status is _S.SENDING and bool(count)
        if campaign.status is _S.SENT:
            await self.campaigns.save(await self._sending(campaign), expected={_S.SENT})
        elif campaign.status is _S.SENDING:
            await self.campaigns.save(campaign, expected={_S.SENDING})
        _log.warning("remainder_sent", campaign_id=campaign_id, emails=count, by=by)
        return True

    async def _sending(self, campaign: Campaign) -> Campaign:
        """Breakers look at what happens from now on: who failed and is planned no longer counts against it."""
        sending = campaign.moved_to(_S.SENDING, at=self.now())
        if campaign.trip is None:
            return sending
        harm = replace(await self.emails.harm(campaign.id), tried=await self.emails.tried(campaign.id))
        return replace(sending, trip=replace(campaign.trip, counts=harm))


def _was_in_doubt(row: Email) -> bool:
    """Somebody who was killed while the remainder was made says it again."""
    return any(each.state is EmailState.IN_DOUBT for each in row.earlier)


def _name(row: Email) -> str:
    state = row.state.replace("_", " ")
    return f"{state}: {row.reason}" if row.reason else state
