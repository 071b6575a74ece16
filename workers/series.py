"""Wires the keeper of series, which runs beside the scheduler: any number of processes may."""

from __future__ import annotations

import structlog

from domain.errors import CampaignsError, Conflict, Unavailable
from domain.series import Series
from handlers.series_assets import SeriesAssets
from handlers.series_due import DueSteps
from handlers.series_keeper import Care, SeriesKeeper
from handlers.series_newcomers import Newcomers
from handlers.series_starts import SeriesStarts
from handlers.timers import Timers
from workers.options import organisation
from workers.resources import Resources, new_id, now
from workers.review_checks import asset_check
from workers.series_saved import children

log = structlog.get_logger()


def series_keeper(resources: Resources) -> SeriesKeeper:
    stores, ours = resources.stores, organisation(resources.settings)
    entries = stores.series_entries
    # A timer is asked for with every look at messages, of each series in turn.
    timers = Timers(now)
    assets = SeriesAssets(asset_check(resources.settings), stores.series, stores.campaigns, timers, now)
    return SeriesKeeper(
        series=stores.series,
        entries=entries,
        leases=stores.leases,
        starts=SeriesStarts(stores.campaigns, ours, assets, now),
        newcomers=Newcomers(stores.contacts, entries, now),
        due=DueSteps(entries, stores.emails, stores.contacts, stores.suppressions, now, ours.time_zone),
        children=children(stores),
        now=now,
        apart=series_apart,
        owner=new_id(),
    )


async def series_apart(care: Care, series: Series) -> bool:
    """Whether there is more to do for the series; False where it is in trouble, which is logged and tried again.

    Raises:
        Unavailable: a server is away, which is everybody's trouble.
    """
    try:
        return await care(series)
    except Unavailable:
        raise
    except Conflict as error:  # somebody changed it meanwhile: the next tick sees how it stands
        log.info("series_changed_meanwhile", series_id=series.id, error=str(error))
    except CampaignsError as error:
        log.warning("series_in_trouble", series_id=series.id, error=str(error))
    except Exception:
        log.exception("series_in_trouble", series_id=series.id)
    return False
