"""A campaign document was saved, in the CRM or here: the draft is created or changed (R34-R53)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.campaign import Campaign, CampaignStatus, Content, Origin
from domain.errors import EditionRequired, IllegalTransition, InvalidDefinition
from domain.footer import with_footer
from domain.mailer import source_of
from domain.organisation import Organisation
from domain.predesigned import predesigned, predesigned_templates
from domain.readiness import lawful_basis_missing, over_limits
from domain.template import TemplateSource, compiled
from handlers.ports import Campaigns, Clock, Templates
from messages.base import Message
from messages.campaign_saved import CampaignSaved, ContentPart


@dataclass(frozen=True, slots=True)
class CampaignKeeper:
    """Creates a draft, or changes one. The same document again changes nothing, whatever the campaign is by then."""

    campaigns: Campaigns
    templates: Templates
    organisation: Organisation
    now: Clock

    async def __call__(self, message: CampaignSaved) -> Sequence[Message]:
        """
        Raises:
            EditionRequired: it comes from the CRM, and the edition does not include that (R6).
            InvalidDefinition: it breaks a rule; the text names each.
            TemplateInvalid: its content does not compile.
            IllegalTransition: the campaign is no draft any more.
        """
        self._check_edition(message)
        wanted = await self._with_content(message)
        known = await self.campaigns.get(message.campaign_id)
        if known is None:
            self._check(wanted)
            await self.campaigns.add(replace(wanted, created_at=self.now(), status_at=self.now()))
        elif (changed := _changed(known, wanted)) != known:
            _check_draft(known)
            self._check(changed)
            await self.campaigns.save(changed, expected={CampaignStatus.DRAFT})
        return []

    def _check_edition(self, message: CampaignSaved) -> None:
        if message.origin is Origin.CRM and not self.organisation.creates_from_crm:
            raise EditionRequired(
                f"campaign {message.campaign_id} comes from the CRM, which needs edition enterprise or above; yours is "
                f"{self.organisation.edition}. Create it here instead: campaigns campaign create {message.campaign_id}"
            )

    def _check(self, campaign: Campaign) -> None:
        counts = Counter(ref.partition(":")[0] for ref in campaign.recipients.refs)
        problems = over_limits(counts) + lawful_basis_missing(campaign, self.organisation)
        if problems:
            raise InvalidDefinition(f"campaign {campaign.id}: {'; '.join(problems)}")
        if campaign.content.html or campaign.content.text:
            compiled(source_of(campaign.content))

    async def _with_content(self, message: CampaignSaved) -> Campaign:
        """The campaign with its template, if it names one, copied into it: the template may change without it."""
        campaign, part = message.to_campaign(), message.content
        if part.template is None or part.html or part.text:
            return _with_footer(campaign)
        source = await self._template(part.template, part)
        content = replace(campaign.content, preheader=source.preheader, html=source.html, text=source.text)
        return _with_footer(replace(campaign, content=content))

    async def _template(self, name: str, part: ContentPart) -> TemplateSource:
        if saved := await self.templates.get(name):
            return TemplateSource(part.subject, part.preheader, saved.html, saved.text)
        if name in predesigned_templates():
            return predesigned(name).source(part.places, subject=part.subject, preheader=part.preheader)
        raise InvalidDefinition(f"content.template: there is no template {name}; `campaigns template list` shows all")


def _changed(known: Campaign, wanted: Campaign) -> Campaign:
    """The stored campaign with what a document says of it; its life so far stays."""
    return replace(
        known,
        name=wanted.name,
        purpose=wanted.purpose,
        sender=wanted.sender,
        content=wanted.content,
        recipients=wanted.recipients,
        list_id=wanted.list_id,
        topic=wanted.topic,
        lawful_basis=wanted.lawful_basis,
        description=wanted.description,
        information=wanted.information,
        member_status=wanted.member_status,
    )


def _check_draft(known: Campaign) -> None:
    if known.status is not CampaignStatus.DRAFT:
        raise IllegalTransition(
            f"campaign {known.id} is {known.status} and can only be changed as a draft; {_way(known)}"
        )


def _way(known: Campaign) -> str:
    if known.status in {CampaignStatus.REVIEWED, CampaignStatus.REJECTED}:
        return f"make it one again: campaigns campaign reopen {known.id}"
    return "create another one for the change: campaigns campaign create ID"


def _with_footer(campaign: Campaign) -> Campaign:
    """Content of one's own gets our footer where it has none (R37)."""
    content: Content = campaign.content
    if not content.html and not content.text:
        return campaign
    source = with_footer(source_of(content))
    return replace(campaign, content=replace(content, html=source.html, text=source.text))
