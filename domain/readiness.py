"""What a campaign lacks before it may be reviewed, each with what to type (R34-R54, R65)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from domain.campaign import MAX_IN_ALL, MAX_PER_MODULE, Campaign
from domain.contact import address
from domain.errors import TemplateInvalid
from domain.filter_tokens import FilterInvalid
from domain.filters import checked
from domain.mailer import ADDRESS_FIELD, source_of
from domain.merge_field_names import suggested_field
from domain.module import Module
from domain.organisation import Organisation
from domain.template import compiled
from domain.what_to_type import to_change

NO_SYNC = "SYNC"  #: stands for the name of a sync that is not there yet


@dataclass(frozen=True, slots=True)
class PickedModule:
    """A module that recipients were picked from."""

    name: str
    module: Module | None  #: None: it was never described
    count: int  #: people picked from it
    filled: frozenset[str] = frozenset()  #: contact fields that its records fill
    sync: str = NO_SYNC  #: the active sync that fills them, or a name to replace


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides, beside the campaign itself."""

    organisation: Organisation
    list_known: bool = True
    topic_known: bool = True
    picked: tuple[PickedModule, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Lacking:
    """What keeps a campaign from its review, by the step at which it is mended (R41)."""

    details: tuple[str, ...] = ()
    content: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    list_and_topic: tuple[str, ...] = ()
    company: tuple[str, ...] = ()  #: R38
    fields: tuple[str, ...] = ()  #: merge fields that are not mapped (R65)


def lacking(campaign: Campaign, facts: Facts) -> Lacking:
    return Lacking(
        details=tuple(_details(campaign)),
        content=tuple(_content(campaign)),
        recipients=tuple(_recipients(campaign, facts.picked)),
        list_and_topic=(*_list_and_topic(campaign, facts), *lawful_basis_missing(campaign, facts.organisation)),
        company=tuple(company_details_missing(facts.organisation)),
        fields=tuple(_fields(campaign, facts.picked)),
    )


def missing(campaign: Campaign, facts: Facts) -> list[str]:
    """Everything that keeps the campaign from its review; nothing means ready."""
    found = lacking(campaign, facts)
    return [*found.details, *found.recipients, *found.list_and_topic, *found.content, *found.fields, *found.company]


def over_limits(counts: Mapping[str, int]) -> list[str]:
    """The limits that were exceeded by the people picked per module (R46, R47)."""
    found = [
        f"{module}: {count:,} people are picked, the limit per module is {MAX_PER_MODULE:,}"
        for module, count in counts.items()
        if count > MAX_PER_MODULE
    ]
    if (total := sum(counts.values())) > MAX_IN_ALL:
        found.append(f"{total:,} people are picked in all, the limit is {MAX_IN_ALL:,}")
    return found


def lawful_basis_missing(campaign: Campaign, organisation: Organisation) -> list[str]:
    """R53: mandatory where GDPR is on."""
    if not organisation.gdpr or campaign.lawful_basis is not None:
        return []
    return [f"a lawful basis (GDPR is on): {to_change(campaign, '--lawful-basis legitimate_interests')}"]


def company_details_missing(organisation: Organisation) -> list[str]:
    """R38."""
    return [
        f"the company's {detail}: set CAMPAIGNS_ORGANISATION__{detail.upper().replace(' ', '_')}"
        for detail in organisation.missing
    ]


def _details(campaign: Campaign) -> Iterator[str]:
    if not campaign.content.subject.strip():
        yield f"a subject: {to_change(campaign, '--subject TEXT')}"
    if address(campaign.sender.address) is None:
        yield f"a sender address that is one: {to_change(campaign, '--from-address ADDRESS')}"
    if campaign.sender.reply_to is not None and address(campaign.sender.reply_to) is None:
        yield f"a reply-to address that is one: {to_change(campaign, '--reply-to ADDRESS')}"


def _recipients(campaign: Campaign, picked: Iterable[PickedModule]) -> Iterator[str]:
    if campaign.series is None and campaign.recipients.empty and not campaign.goes_to_members:
        yield (
            f"recipients: {to_change(campaign, '--module Leads')}, or review it with its list's members: "
            f"campaigns campaign review {campaign.id} --include-existing-members"
        )
    for each in picked:
        if each.module is None:
            yield f"module {each.name}, which is not known: publish a module-described message for it"
            continue
        if each.module.email_field is None:
            yield f"recipients with an address: module {each.name} has no field of type Email"
        yield from _filter(campaign, each.module)
    yield from over_limits({each.name: each.count for each in picked})


def _filter(campaign: Campaign, module: Module) -> Iterator[str]:
    """A field may have been renamed since the filter was written: `!=` would hold for everybody then."""
    text = campaign.recipients.filters.get(module.name)
    if text is None:
        return
    try:
        checked(text, module)
    except FilterInvalid as error:
        fix = to_change(campaign, f"--filter '{module.name}=FILTER'")
        yield f"a filter that fits module {module.name} ({error.reason}): {fix}"


def _list_and_topic(campaign: Campaign, facts: Facts) -> Iterator[str]:
    if campaign.list_id is None:
        yield f"a mailing list: {to_change(campaign, '--list LIST')}"
    elif not facts.list_known:
        yield f"list {campaign.list_id}, which is not there: campaigns list create {campaign.list_id}"
    if not facts.topic_known:
        yield f"topic {campaign.topic}, which is not there: campaigns topic create {campaign.topic}"


def _content(campaign: Campaign) -> Iterator[str]:
    if not campaign.content.html and not campaign.content.text:
        yield f"content: {to_change(campaign, '--template newsletter')}"
        return
    try:
        compiled(source_of(campaign.content))
    except TemplateInvalid as error:
        yield f"content that compiles ({error}): {to_change(campaign, '--html FILE')}"


def _fields(campaign: Campaign, picked: Iterable[PickedModule]) -> Iterator[str]:
    if not campaign.content.html and not campaign.content.text:
        return
    try:
        needed = compiled(source_of(campaign.content)).fields - {ADDRESS_FIELD}
    except TemplateInvalid:
        return
    for each in picked:
        yield from (_unmapped(name, each) for name in sorted(needed - each.filled))


def _unmapped(name: str, picked: PickedModule) -> str:
    """R65: a merge field that the records of a module do not fill, and what maps it."""
    fields = picked.module.fields if picked.module else ()
    theirs = next((field.api_name for field in fields if field.api_name.lower() == name), "CRM_FIELD")
    mapped = f"--map {theirs}={name}"
    if picked.sync == NO_SYNC:
        fix = f"campaigns sync create {NO_SYNC} --module {picked.name} {mapped}, then campaigns sync initiate {NO_SYNC}"
    else:
        fix = f"campaigns sync edit {picked.sync} {mapped}, then campaigns sync initiate {picked.sync} --again"
    meant = suggested_field(name, picked.filled)
    slip = f" (or write {meant}, if you meant that)" if meant else ""
    return f"merge field {name}, which is not mapped for {picked.name}: {fix}{slip}"
