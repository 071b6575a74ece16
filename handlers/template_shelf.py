"""Every template there is (R42): those of the product, those that people saved, and what was sent lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.campaign import Campaign, CampaignStatus
from domain.errors import InvalidDefinition
from domain.predesigned import Shelf, predesigned, predesigned_templates
from domain.template import TemplateSource
from handlers.ports.campaigns import Campaigns, Templates

SENT = "sent:"  #: before a campaign's id: its content as a template; no saved one can be called so
MOST_RECENT = 20  #: sent campaigns that are listed when nothing is searched for
_S = CampaignStatus
_WENT_OUT = frozenset({_S.SENDING, _S.PAUSED, _S.SENT, _S.STOPPED})


@dataclass(frozen=True, slots=True)
class TemplateEntry:
    """A line of the list of templates."""

    name: str
    kind: Shelf
    title: str
    description: str  #: what it is for; the subject of one that is saved or was sent
    at: datetime | None = None  #: when it was saved, or its campaign got its present status

    def holds(self, words: str) -> bool:
        """Whether each of these words stands somewhere in it, whatever its case."""
        written = f"{self.name} {self.kind} {self.title} {self.description}".lower()
        return all(word in written for word in words.lower().split())


@dataclass(frozen=True, slots=True)
class TemplateShelf:
    """Finds templates wherever they are kept."""

    templates: Templates
    campaigns: Campaigns

    async def entries(self, search: str = "") -> Sequence[TemplateEntry]:
        """Those with these words: the product's, then saved ones by name, then campaigns sent, the latest first."""
        ours = [
            TemplateEntry(each.name, each.kind, each.title, each.description)
            for each in predesigned_templates().values()
        ]
        saved = [
            TemplateEntry(each.name, Shelf.SAVED, each.name, each.subject, each.saved_at)
            for each in await self.templates.all()
        ]
        sent = await self._sent()
        found = [*ours, *saved, *(sent if search else sent[:MOST_RECENT])]
        return [entry for entry in found if entry.holds(search)]

    async def source(
        self, name: str, places: Mapping[str, str], *, subject: str = "", preheader: str = ""
    ) -> TemplateSource:
        """The template of that name, with its places filled, and this subject and preheader where they are given.

        A saved one wins over one of the product with the same name.

        Raises:
            InvalidDefinition: there is none, or it has no such place.
            TemplateInvalid: what a place is filled with can't be a part of a template.
        """
        kept = await self._kept(name)
        if kept is None and name in predesigned_templates():
            return predesigned(name).source(places, subject=subject, preheader=preheader)
        if kept is None:
            raise InvalidDefinition(f"there is no template {name}; `campaigns template list` shows all")
        if places:
            raise InvalidDefinition(f"template {name} has no places to fill; those that come with the product have")
        return replace(kept, subject=subject or kept.subject, preheader=preheader or kept.preheader)

    async def _kept(self, name: str) -> TemplateSource | None:
        if name.startswith(SENT):
            return await self._content_of(name.removeprefix(SENT))
        saved = await self.templates.get(name)
        return None if saved is None else TemplateSource(saved.subject, saved.preheader, saved.html, saved.text)

    async def _content_of(self, campaign_id: str) -> TemplateSource:
        campaign = await self.campaigns.get(campaign_id)
        if campaign is None or not (campaign.content.html or campaign.content.text):
            raise InvalidDefinition(f"there is no campaign {campaign_id} with content to take over")
        content = campaign.content
        return TemplateSource(content.subject, content.preheader, content.html, content.text)

    async def _sent(self) -> list[TemplateEntry]:
        found = [_entry(each) for each in await self.campaigns.in_status(_WENT_OUT)]
        return sorted(found, key=lambda entry: (entry.at is not None, entry.at), reverse=True)


def _entry(campaign: Campaign) -> TemplateEntry:
    subject = campaign.content.subject
    return TemplateEntry(f"{SENT}{campaign.id}", Shelf.SENT, campaign.name, subject, campaign.status_at)
