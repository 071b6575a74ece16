"""`campaigns campaign take-up`: a draft of a campaign that went offline before anything of it was sent (R98)."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import campaign_recipients, context, lookup
from cli.arguments import CampaignId, new_id
from cli.campaign_documents import exported
from cli.campaign_drafts import saved
from cli.login import login
from cli.output import Json, say
from domain.campaign import Origin
from domain.errors import InvalidDefinition
from domain.take_up import check_unsent
from repositories.stores import Stores


def register(app: typer.Typer) -> None:
    app.command("take-up")(take_up)


def take_up(
    campaign_id: CampaignId,
    new: Annotated[str, typer.Argument(metavar="NEW", callback=new_id, help="Id of the draft that is made of it.")],
    as_json: Json = False,
) -> None:
    """Make a draft of an offline campaign of which nothing was sent; the old one stays offline.

    The draft is one of this side, whatever the old one was: it is reviewed and sent from here.
    """
    settings = context.settings()

    async def work(stores: Stores) -> campaign_recipients.Draft:
        old = await lookup.campaign(stores, campaign_id)
        check_unsent(old)
        if await stores.campaigns.get(new) is not None:
            raise InvalidDefinition(f"campaign {new} exists; choose another id for the draft")
        copied = {"campaign_id": new, "origin": Origin.CAMPAIGNS, "saved_by": login()}
        document = (await exported(stores, old)).model_copy(update=copied)
        return await campaign_recipients.looked_at(stores, settings, await saved(stores, settings, document))

    draft = context.stored(settings, work)
    say(f"Campaign {new} is a draft of what {campaign_id} was. Next: `campaigns campaign review {new}`")
    campaign_recipients.show(draft, as_json=as_json)
