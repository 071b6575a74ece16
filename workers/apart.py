"""Trouble of one campaign is kept from the others of the same tick."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from domain.campaign import Campaign
from domain.errors import CampaignsError, Conflict, Unavailable
from handlers.scheduler import Concern
from messages.base import Message

log = structlog.get_logger()


async def apart(concern: Concern, campaign: Campaign) -> Sequence[Message]:
    """What the campaign needs; nothing where that is not to be found out now, which is logged and tried again.

    Raises:
        Unavailable: a server is away, which is everybody's trouble.
    """
    asked = {"campaign_id": campaign.id, "concern": type(concern).__name__}
    try:
        return await concern(campaign)
    except Unavailable:
        raise
    except Conflict as error:  # somebody moved it meanwhile: the next tick sees how it stands
        log.info("campaign_changed_meanwhile", **asked, error=str(error))
    except CampaignsError as error:
        log.warning("campaign_in_trouble", **asked, error=str(error))
    except Exception:
        log.exception("campaign_in_trouble", **asked)
    return []
