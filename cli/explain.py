"""`campaigns explain`: every decision about one person in one campaign (X3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

import typer

from cli import context, explanation, lookup
from cli.arguments import CampaignId, an_address, person
from cli.explanation import Explanation
from cli.output import Json, out, print_json
from config.sending import InDoubt
from config.settings import Settings
from domain.campaign import Campaign
from domain.contact import Contact, contact_id
from domain.email import Email
from domain.last_check import last_check
from domain.slices import SliceState
from domain.why_not import Missed, Pickings
from handlers.selection import Selector
from repositories.stores import Stores
from workers.options import address_key


def register(app: typer.Typer) -> None:
    app.command()(explain)


def explain(
    campaign_id: CampaignId,
    email: Annotated[str, typer.Argument(metavar="ADDRESS", callback=an_address, help="Somebody's email address.")],
    as_json: Json = False,
) -> None:
    """Tell every decision about one person in one campaign: selection, review, skips, tries, replies, events."""
    identity = person(email).identity
    settings = context.settings()
    found = context.stored(settings, lambda stores: _explained(stores, settings, campaign_id, identity))
    print_json(found) if as_json else out.print(explanation.shown(found))


async def _explained(stores: Stores, settings: Settings, campaign_id: str, identity: str) -> Explanation:
    key = address_key(settings)
    campaign, id_ = await lookup.campaign(stores, campaign_id), contact_id(identity, key)
    own = await stores.emails.of_contact(campaign_id, id_)
    others = await stores.emails.of_addresses(campaign_id, [identity])
    rows = [*own, *(row for row in others if row.id not in {one.id for one in own})]
    contact, reviewed_at = await lookup.contact(stores, identity, key), await _reviewed_at(stores, campaign)
    suppressed = (await stores.suppressions.of([id_])).get(id_, frozenset())
    return Explanation(
        campaign=campaign,
        rows=[replace(row, **await _held(stores, row)) if row in own else row for row in rows],
        events=[event for row in rows for event in await stores.events.of_email(row.id)],
        contact=contact,
        suppressed=suppressed,
        suppressions=await stores.suppressions.details(id_),
        reviewed_at=reviewed_at,
        now={row.id: last_check(row, contact, suppressed, campaign) for row in own},
        in_doubt_policy=_policy(settings),
        missed=[] if rows or contact is None else await _missed(stores, campaign, contact, reviewed_at),
        entries=[each for each in await stores.series_entries.of_contact(id_) if each.series_id == campaign.series],
    )


async def _reviewed_at(stores: Stores, campaign: Campaign) -> datetime | None:
    run = await stores.review_runs.get(campaign.review_run) if campaign.review_run else None
    return run.started_at if run else None


async def _missed(
    stores: Stores, campaign: Campaign, contact: Contact, reviewed_at: datetime | None
) -> Sequence[Missed]:
    refs, selector = list(contact.sources), Selector(stores.records, stores.selections)
    chosen = await selector.chosen(campaign.recipients, refs) if refs else frozenset()
    records = await stores.records.load(refs) if refs else {}
    return Pickings(campaign, records, chosen, reviewed_at).why_not(contact)


async def _held(stores: Stores, row: Email) -> dict[str, Any]:
    """What the slice says of a planned row: `claimed` is shown while a worker holds it, and stored nowhere."""
    found = await stores.slices.holding(row.campaign_id, row.slice)
    held = found is not None and found.state in {SliceState.CLAIMED, SliceState.STARTED}
    return explanation.claimed(found) if found and held else {}


def _policy(settings: Settings) -> str:
    sending = settings.sending
    if sending.in_doubt is InDoubt.RESEND:
        return f"sent once more after {sending.resend_after_s:g} s without evidence (CAMPAIGNS_SENDING__IN_DOUBT)"
    return "held until evidence or somebody settles it (CAMPAIGNS_SENDING__IN_DOUBT)"
