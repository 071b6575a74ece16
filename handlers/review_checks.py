"""The checks of a review: content, spam engine, links and images, the sender's domain (R59, R60, D8)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from domain import review
from domain.campaign import DEFAULT_TOPIC, Campaign
from domain.dkim_key import DkimKeys
from domain.dns_texts import Texts
from domain.errors import TemplateInvalid
from domain.findings import Finding
from domain.organisation import Organisation
from domain.policy import Policy
from domain.review_rules import LIST_GONE, TOPIC_GONE
from domain.sender_check import identity_of, names_wanted, sender_findings
from domain.series_fixes import with_fixes
from domain.spam_verdict import spam_findings
from domain.tracking import SigningKeys
from handlers.asset_check import AssetCheck, LookedAt
from handlers.ports.audience import Lists, Topics
from handlers.ports.checks import SenderDns, SpamEngine
from handlers.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class ReviewChecks:
    """Looks at a campaign and stores nothing: a repeat looks again. Whoever is away makes a finding, not a delay."""

    organisation: Organisation
    keys: SigningKeys
    dkim: DkimKeys
    now: Clock
    policy: Policy = field(default_factory=Policy)
    look_at_assets: AssetCheck | None = None  #: None: nobody looks
    spam_engine: SpamEngine | None = None
    sender_dns: SenderDns | None = None
    lists: Lists | None = None  #: None: nobody looks whether list and topic are still there
    topics: Topics | None = None
    dns_s: float = 15  #: for all questions about one sender

    async def __call__(self, campaign: Campaign) -> LookedAt:
        """Everything that was found, the worst first, and the hashes of images and videos as they are now."""
        said, looked, sender, gone = await asyncio.gather(
            self._spam(campaign), self._assets(campaign), self._sender(campaign), self._gone(campaign)
        )
        own = review.findings(campaign, self.organisation, self.keys, self.dkim, self.policy.thresholds)
        found = self.policy.judged((*own, *gone, *said, *looked.findings, *sender))
        return LookedAt(with_fixes(campaign, found), looked.hashes)

    async def _spam(self, campaign: Campaign) -> tuple[Finding, ...]:
        if self.spam_engine is None:
            return ()
        mail = review.sample_mail(campaign, self.organisation, self.keys, self.dkim, self.now())
        if mail is None:
            return ()  # the content's own check says why
        thresholds = self.policy.thresholds
        said = await self.spam_engine.judge(mail)
        return spam_findings(said, thresholds.spam_score_warning, thresholds.spam_score_error)

    async def _assets(self, campaign: Campaign) -> LookedAt:
        if self.look_at_assets is None:
            return LookedAt()
        try:
            return await self.look_at_assets(campaign.content)
        except TemplateInvalid:
            return LookedAt()  # the content's own check says why

    async def _gone(self, campaign: Campaign) -> tuple[Finding, ...]:
        """List and topic were there when the review began."""
        found: list[Finding] = []
        if self.lists is not None and await self.lists.get(campaign.list_id or "") is None:
            found.append(LIST_GONE.finding(f"list {campaign.list_id} is not there any more"))
        topics = self.topics if campaign.topic != DEFAULT_TOPIC else None
        if topics is not None and await topics.get(campaign.topic) is None:
            found.append(TOPIC_GONE.finding(f"topic {campaign.topic} is not there any more"))
        return tuple(found)

    async def _sender(self, campaign: Campaign) -> tuple[Finding, ...]:
        if self.sender_dns is None:
            return ()
        sender = identity_of(campaign.sender.domain, self.organisation.bounce_domain, self.dkim)
        answers: dict[str, Texts] = {}
        try:
            async with asyncio.timeout(self.dns_s):
                while wanted := names_wanted(sender, answers):
                    answers |= await self._asked(self.sender_dns, wanted)
        except TimeoutError:
            pass  # what was not answered is not known
        return sender_findings(sender, answers)

    async def _asked(self, dns: SenderDns, wanted: frozenset[str]) -> Mapping[str, Texts]:
        """An answer for each, so that nothing is asked for ever."""
        said = await dns.texts(wanted)
        return {name: said.get(name, Texts(known=False)) for name in wanted}
