"""What is kept on disk before the integration is disabled: syncs with their field maps, campaigns and their reports.

DIR/syncs/ID.json: the data of a sync-requested message; `campaigns publish sync-requested` makes the sync anew.
DIR/campaigns/ID.yaml: the document; `campaigns campaign apply` makes a draft of it.
DIR/reports/ID.html and ID.json: the report as a page, and its figures.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.campaign_documents import exported, yaml_of
from cli.output import plain
from cli.report_command import figures_of, told_of
from cli.report_page import page
from config.settings import Settings
from domain.sync import Sync
from messages.sync_requested import SyncDefinition, SyncRequested
from repositories.stores import Stores


@dataclass(frozen=True, slots=True)
class Written:
    syncs: int
    campaigns: int


async def export(stores: Stores, settings: Settings, to: Path) -> Written:
    """Write all of it; files of an earlier export with the same names are replaced."""
    folders = {name: to / name for name in ("syncs", "campaigns", "reports")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    syncs = await stores.syncs.all()
    for sync in syncs:
        _write_json(
            folders["syncs"] / f"{sync.id}.json", definition(sync).model_dump(mode="json", exclude_defaults=True)
        )
    ids = sorted(await stores.campaigns.ids())
    for campaign_id in ids:
        await _campaign(stores, settings, campaign_id, folders)
    return Written(len(syncs), len(ids))


def definition(sync: Sync) -> SyncRequested:
    """The message that makes this sync, and runs it."""
    return SyncRequested(
        sync_id=sync.id,
        definition=SyncDefinition(
            name=sync.name,
            module=sync.module,
            lists=list(sync.lists),
            subscription_type=sync.subscription,
            topics=list(sync.topics),
            update_empty_values=sync.update_empty_values,
            map=dict(sync.field_map),
        ),
    )


async def _campaign(stores: Stores, settings: Settings, campaign_id: str, folders: dict[str, Path]) -> None:
    told = await told_of(stores, settings, campaign_id)
    (folders["campaigns"] / f"{campaign_id}.yaml").write_text(
        yaml_of(await exported(stores, told.campaign)), encoding="utf-8"
    )
    (folders["reports"] / f"{campaign_id}.html").write_text(page(told), encoding="utf-8")
    _write_json(folders["reports"] / f"{campaign_id}.json", figures_of(told))


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
