"""A reviewed campaign is to be sent, now or later (R70, D7, D9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from domain.approval import approval_missing
from domain.campaign import Campaign, CampaignStatus, SendAsk, changed_since_review
from domain.chains import heads
from domain.errors import Changed, EditionRequired, IllegalTransition, InvalidDefinition, NotReady, UnknownCampaign
from domain.organisation import Organisation
from domain.send_asks import asked_before, with_ask
from domain.what_to_type import to_review_again
from handlers.asset_check import AssetCheck, LookedAt
from handlers.crm_gate import CrmGate
from handlers.edition import check_edition
from handlers.local_times import LocalTimes
from handlers.ports.campaigns import Campaigns
from handlers.ports.clock import Clock
from handlers.ports.ledger import Emails, Slices
from messages.base import Message
from messages.send_batch import SendBatch
from messages.send_requested import SendRequested

_S = CampaignStatus
_SENDABLE = frozenset({_S.REVIEWED, _S.SCHEDULED})
#: How far the time of a request may lie before the request itself: clocks differ, and "now" is written as a time too.
_SLACK = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SendStarter:
    """Plans the batches of a reviewed campaign and begins the chains in which they are sent."""

    campaigns: Campaigns
    emails: Emails
    slices: Slices
    organisation: Organisation
    now: Clock
    chains: int = 32  #: batches of one campaign that are under way at once
    look_at_assets: AssetCheck | None = None  #: None: nobody looks at links, images and videos again
    gate: CrmGate | None = None  #: None: the CRM was never left

    async def __call__(self, message: SendRequested) -> Sequence[Message]:
        """The first batch of each chain; nothing for a campaign that is sent later, or cancelled for a deleted video.

        A campaign that is being sent already gets the batches at which its chains stand. A request that comes again
        does nothing more.

        Raises:
            EditionRequired: it is asked for in the CRM, and the edition does not include that (R6).
            UnknownCampaign: there is no such campaign.
            IllegalTransition: it is not reviewed, or a message of a series; the text says what to type.
            NotReady: the company details are missing (R38), or its approval; it is being reopened, or a link or an
                image is dead (R76); it is asked for in a CRM that was left (R98).
            Busy: the CRM is being left at this moment.
            Changed: it is not what was reviewed; names the parts, images and videos by their URLs. Or it was reviewed
                again since this very request was refused.
            InvalidDefinition: its time had passed when it was asked for.
        """
        campaign = await self.campaigns.get(message.campaign_id)
        if campaign is None:
            raise UnknownCampaign(f"campaign {message.campaign_id} is not stored; `campaigns campaign show` lists all")
        try:
            return await self._answered(campaign, message)
        except (EditionRequired, IllegalTransition, NotReady, Changed):
            await self._remember_refusal(message)
            raise

    async def _answered(self, campaign: Campaign, message: SendRequested) -> Sequence[Message]:
        if campaign.series is not None:
            raise IllegalTransition(
                f"campaign {campaign.id} is a message of series {campaign.series}, which sends it to whoever comes to "
                f"it: campaigns series show {campaign.series}"
            )
        check_edition(campaign.id, message.origin, self.organisation)
        if self.gate:
            await self.gate.check_campaign(campaign.id, message.origin)
        if campaign.status is _S.SENDING:
            return offers(campaign, [each.number for each in await self.slices.unfinished(campaign.id)])
        if message.due is not None and not _stands(campaign, message.due):
            return []
        before = _asked_before(campaign, message)
        if before is not None and before.done:
            return []
        if before is not None and before.review != campaign.review_run and campaign.status in _SENDABLE:
            raise Changed(
                f"campaign {campaign.id} was reviewed again since this was asked for, and nobody has confirmed that; "
                f"ask anew: campaigns campaign send {campaign.id}"
            )
        return await self._sent(campaign, message)

    async def _sent(self, campaign: Campaign, message: SendRequested) -> Sequence[Message]:
        await self._checked(campaign)
        timed = await self._timed(campaign, message)
        if timed.send_at is not None and timed.send_at > self.now():
            await self._schedule(campaign, timed)
            return []
        looked = await self.look_at_assets(campaign.content) if self.look_at_assets else LookedAt()
        if reason := looked.deleted:
            return await self._cancel(looked.told_in(campaign), reason)
        if reason := looked.dead:
            await self._refuse(looked.told_in(campaign), reason, NotReady)
        if reason := looked.changed_since_review_of(campaign):
            await self._refuse(looked.told_in(campaign), reason, Changed)
        return await self._begin(looked.told_in(timed))

    async def _checked(self, campaign: Campaign) -> None:
        """Put a campaign whose time has come back to `reviewed` when it cannot be sent, so that it is not asked again.

        Raises:
            IllegalTransition, NotReady, Changed: as above.
        """
        try:
            self.check(campaign)
        except (NotReady, Changed) as error:
            if campaign.status is _S.SCHEDULED and self._is_due(campaign):
                await self.campaigns.save(self._put_back(campaign, str(error)), expected={_S.SCHEDULED})
            raise

    def check(self, campaign: Campaign) -> None:
        """
        Raises:
            IllegalTransition, NotReady, Changed: as above; what keeps a campaign from being sent.
        """
        _check_status(campaign)
        if campaign.reviewed_hash is None:
            raise NotReady(f"campaign {campaign.id} is being reopened: campaigns campaign reopen {campaign.id}")
        if changed := changed_since_review(campaign):
            raise Changed(
                f"campaign {campaign.id} is not what was reviewed, changed: {', '.join(changed)}; "
                f"have it reviewed again: {to_review_again(campaign)}"
            )
        if reason := approval_missing(campaign, self.organisation):
            raise NotReady(f"campaign {campaign.id} cannot be sent yet: {reason}")
        if missing := self.organisation.missing:
            variables = ", ".join(f"CAMPAIGNS_ORGANISATION__{detail.upper().replace(' ', '_')}" for detail in missing)
            raise NotReady(f"campaign {campaign.id} cannot be sent without the company details: set {variables}")

    async def _timed(self, campaign: Campaign, message: SendRequested) -> Campaign:
        """The campaign with the time at which it is to be sent; what was said last holds."""
        if message.due is not None:
            return campaign
        asked = with_ask(campaign, message.request_id, done=True)
        if message.local_at is None:
            _check_time(message, message.at)
            return replace(asked, send_at=message.at, local_time=None)
        found = await self._local_times.of(campaign, message.local_at)
        _check_time(message, found.last)
        return replace(asked, send_at=found.first, local_time=message.local_at.isoformat())

    async def _remember_refusal(self, message: SendRequested) -> None:
        campaign = await self.campaigns.get(message.campaign_id)
        if campaign is None or message.due is not None:
            return
        asked = with_ask(campaign, message.request_id, done=False)
        if asked != campaign:
            await self.campaigns.save(asked, expected={campaign.status})

    @property
    def _local_times(self) -> LocalTimes:
        return LocalTimes(self.emails, self.organisation.time_zone)

    async def _schedule(self, campaign: Campaign, timed: Campaign) -> None:
        if campaign.status is _S.SCHEDULED and timed == campaign:
            return
        due = replace(timed, status=_S.SCHEDULED, status_at=self.now(), status_reason=None)
        await self.campaigns.save(due, expected={_S.REVIEWED, _S.SCHEDULED})

    async def _cancel(self, campaign: Campaign, reason: str) -> Sequence[Message]:
        """R76. The scheduler skips its rows, as those of every cancelled campaign."""
        cancelled = replace(campaign.moved_to(_S.CANCELLED, reason, at=self.now()), send_at=None, local_time=None)
        await self.campaigns.save(cancelled, expected={campaign.status})
        return []

    async def _refuse(self, campaign: Campaign, reason: str, kind: type[NotReady] | type[Changed]) -> None:
        """It stays as it was, or reviewed when its time had come: what is dead may come back."""
        if campaign.status_reason != reason or self._is_due(campaign):
            due = self._is_due(campaign)
            refused = self._put_back(campaign, reason) if due else replace(campaign, status_reason=reason)
            await self.campaigns.save(refused, expected={campaign.status})
        raise kind(
            f"campaign {campaign.id} is not sent: {reason}; bring it back and type campaigns campaign send "
            f"{campaign.id}, or change it: campaigns campaign reopen {campaign.id}"
        )

    def _put_back(self, campaign: Campaign, reason: str) -> Campaign:
        return replace(
            campaign,
            status=_S.REVIEWED,
            status_at=self.now(),
            status_reason=reason,
            send_at=None,
            local_time=None,
        )

    def _is_due(self, campaign: Campaign) -> bool:
        return campaign.send_at is not None and campaign.send_at <= self.now()

    async def _begin(self, campaign: Campaign) -> Sequence[Message]:
        """Batches first: a campaign that is `sending` has them all. One with a local time has none: its people wait."""
        numbers = range(campaign.slices if campaign.local_time is None else 0)
        await self._local_times.spread(campaign, self.now())
        await self.slices.plan(campaign.id, numbers)
        sending = replace(campaign.moved_to(_S.SENDING, at=self.now()), chains=self.chains, send_at=None)
        sending = await self.campaigns.save(sending, expected={_S.REVIEWED, _S.SCHEDULED})
        return offers(sending, numbers)


def offers(campaign: Campaign, unfinished: Sequence[int]) -> list[Message]:
    """Messages with which every chain goes on. Workers drop what is under way or done: repeats are harmless."""
    return [
        SendBatch(campaign_id=campaign.id, slice=number)
        for number in heads(campaign.slices, campaign.chains, unfinished)
    ]


def _asked_before(campaign: Campaign, message: SendRequested) -> SendAsk | None:
    return asked_before(campaign, message.request_id) if message.due is None else None


def _check_time(message: SendRequested, last: datetime | None) -> None:
    """A time that was past when it was asked for is a slip: everybody would get it at once. One that passed since
    is none: it waited in the queue.

    Raises:
        InvalidDefinition: see above.
    """
    if last is None or message.asked_at is None or last >= message.asked_at - _SLACK:
        return
    name = "at" if message.local_at is None else "local_at"
    raise InvalidDefinition(
        f"{name}: when it was asked for, at {message.asked_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, that time had "
        "passed; nothing is sent. Ask anew with a time to come, or without one to send now"
    )


def _stands(campaign: Campaign, due: datetime) -> bool:
    """Whether it is still to be sent at that time: the scheduler's word may have waited in the queue."""
    return campaign.status is _S.SCHEDULED and campaign.send_at == due


_INSTEAD = {
    _S.DRAFT: "have it reviewed first: campaigns campaign review {id}",
    _S.SYNCING_RECIPIENTS: "its review is under way: campaigns campaign show {id}",
    _S.TO_BE_REVIEWED: "its review is under way: campaigns campaign show {id}",
    _S.IN_REVIEW: "its review is under way: campaigns campaign show {id}",
    _S.REJECTED: "mend it and have it reviewed again: campaigns campaign reopen {id}",
    _S.PAUSED: "go on with it: campaigns campaign resume {id}",
    _S.OFFLINE: "make a draft of it: campaigns campaign take-up {id} NEW",
}


def _check_status(campaign: Campaign) -> None:
    if campaign.status not in _SENDABLE:
        why = f" ({campaign.status_reason})" if campaign.status_reason else ""
        instead = _INSTEAD.get(campaign.status, "send another one: campaigns campaign create ID")
        raise IllegalTransition(
            f"campaign {campaign.id} is {campaign.status}{why} and cannot be sent; {instead.format(id=campaign.id)}"
        )
