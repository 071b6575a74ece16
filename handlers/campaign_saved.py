"""A campaign document was saved, in the CRM or here: the draft is created or changed (R34-R53)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.campaign import UNDER_REVIEW, Campaign, CampaignStatus, Content, Selection
from domain.campaign_definition import redefined
from domain.errors import IllegalTransition, InvalidDefinition
from domain.faults import Faults
from domain.footer import with_footer
from domain.mailer import source_of
from domain.member_statuses import known_status
from domain.organisation import Organisation
from domain.template import TemplateSource
from handlers.campaign_definition import Definition
from handlers.crm_gate import CrmGate
from handlers.edition import check_edition
from handlers.ports.audience import Modules
from handlers.ports.campaigns import Campaigns, Templates
from handlers.ports.clock import Clock
from handlers.selection import Selector
from handlers.template_shelf import TemplateShelf
from messages.base import Message
from messages.campaign_saved import CampaignSaved, ContentPart


@dataclass(frozen=True, slots=True)
class CampaignKeeper:
    """Creates a draft, or changes one. The same document again changes nothing, whatever the campaign is by then."""

    campaigns: Campaigns
    templates: Templates
    organisation: Organisation
    now: Clock
    modules: Modules
    selector: Selector
    gate: CrmGate | None = None  #: None: the CRM was never left

    async def __call__(self, message: CampaignSaved) -> Sequence[Message]:
        """
        Raises:
            EditionRequired: it comes from the CRM, and the edition does not include that (R6).
            InvalidDefinition: it breaks rules; the text names each, content that does not compile among them.
            TemplateInvalid: its content does not compile, and nothing else is wrong.
            NotReady: it comes from a CRM that was left (R98).
            IllegalTransition: the campaign is no draft any more.
            Busy: the CRM is being left at this moment.
            Conflict: somebody else changed it at the same time.
        """
        check_edition(message.campaign_id, message.origin, self.organisation, "create")
        if self.gate:
            await self.gate.check_campaign(message.campaign_id, message.origin, "create")
        known, faults = await self.campaigns.get(message.campaign_id), Faults()
        if known is None:
            await self._create(await self._wanted(message, None, faults), faults)
        elif not message.is_overtaken(known.source_order):
            wanted = await self._wanted(message, known, faults)
            await self._change(known, redefined(known, wanted), message.author, faults)
        return []

    async def drafted(self, message: CampaignSaved, faults: Faults) -> Campaign:
        """The campaign that a document makes of nothing, with whatever rule it breaks among the faults; not stored."""
        wanted = await self._wanted(message, None, faults)
        await self._definition.check(wanted, faults)
        return wanted

    async def _create(self, wanted: Campaign, faults: Faults) -> None:
        await self._check(wanted, faults)
        placed = await self.selector.kept(wanted, revision=0)
        await self.campaigns.add(replace(placed, created_at=self.now(), status_at=self.now()))

    async def _change(self, known: Campaign, changed: Campaign, author: str | None, faults: Faults) -> None:
        if faults:
            await self._check(changed, faults)
        if changed == known:
            return
        if replace(changed, source_order=known.source_order, author=known.author) == known:
            # Nothing new, but whatever is older than this is old news from now on; or somebody says who wrote it.
            await self.campaigns.save(changed, expected={known.status})
            return
        check_own(known)
        _check_draft(known)
        await self._check(changed, faults)
        placed = await self.selector.kept(changed, revision=known.revision)
        saved = await self.campaigns.save(replace(placed, author=author), expected={CampaignStatus.DRAFT})
        if known.recipients.apart or saved.recipients.apart:
            await self.selector.forget_stale(saved)

    async def _check(self, wanted: Campaign, faults: Faults) -> None:
        """
        Raises:
            InvalidDefinition, TemplateInvalid: all that is wrong with it, and what was found before.
        """
        await self._definition.check(wanted, faults)
        faults.tell()

    @property
    def _definition(self) -> Definition:
        return Definition(self.organisation, self.modules, self.selector)

    async def _wanted(self, message: CampaignSaved, known: Campaign | None, faults: Faults) -> Campaign:
        """What the document says, without the content or the member status that is kept as a fault."""
        said = message.to_campaign()
        campaign = replace(said, content=Content(said.content.subject))
        with faults.kept():
            campaign = await self._with_content(said, message.content)
        with faults.kept():
            status = known_status(message.member_status, self.organisation.member_statuses)
            campaign = replace(campaign, member_status=status)
        return replace(campaign, recipients=_recipients(message, campaign.recipients, known))

    async def _with_content(self, campaign: Campaign, part: ContentPart) -> Campaign:
        """The campaign with its template, if it names one, copied into it: the template may change without it."""
        if part.template is None or part.html or part.text:
            return _with_footer(campaign)
        source = await self._template(part.template, part)
        content = replace(campaign.content, preheader=source.preheader, html=source.html, text=source.text)
        return _with_footer(replace(campaign, content=content))

    async def _template(self, name: str, part: ContentPart) -> TemplateSource:
        shelf = TemplateShelf(self.templates, self.campaigns)
        try:
            return await shelf.source(name, part.places, subject=part.subject, preheader=part.preheader)
        except InvalidDefinition as error:
            raise InvalidDefinition(f"content.template: {error}") from error


def _recipients(message: CampaignSaved, wanted: Selection, known: Campaign | None) -> Selection:
    """The chosen ones as they are stored, where the document leaves them alone or names the same."""
    before = known.recipients if known else Selection()
    if message.recipients.records is None or (before.kept and before.kept.holds(wanted.refs)):
        return replace(wanted, refs=before.refs, kept=before.kept)
    return wanted


def check_own(known: Campaign) -> None:
    """
    Raises:
        IllegalTransition: it is a message of a series, whose document it is changed in.
    """
    if known.series is not None:
        raise IllegalTransition(
            f"campaign {known.id} is a message of series {known.series}; change that one's document and apply it: "
            f"campaigns series export {known.series} --to FILE, then campaigns series apply FILE"
        )


def _check_draft(known: Campaign) -> None:
    if known.status is not CampaignStatus.DRAFT:
        raise IllegalTransition(
            f"campaign {known.id} is {known.status} and can only be changed as a draft; {_way(known)}"
        )


def _way(known: Campaign) -> str:
    if known.status in {CampaignStatus.REVIEWED, CampaignStatus.REJECTED}:
        return f"make it one again: campaigns campaign reopen {known.id}"
    if known.status in UNDER_REVIEW:
        return f"let its review end, then: campaigns campaign reopen {known.id}"
    return "create another one for the change: campaigns campaign create ID"


def _with_footer(campaign: Campaign) -> Campaign:
    """Content of one's own gets our footer where it has none (R37)."""
    content: Content = campaign.content
    if not content.html and not content.text:
        return campaign
    source = with_footer(source_of(content))
    return replace(campaign, content=replace(content, html=source.html, text=source.text))
