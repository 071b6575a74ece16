"""What is said of opens and clicks that were counted without names (D12, aggregate), apart from numbers of people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.anonymous_visits import VisitCounts
from domain.campaign import Campaign
from domain.figures import without_persons
from domain.mailer import source_of
from domain.template import compiled


def in_words(counts: VisitCounts) -> str:
    """One sentence; empty where nothing was counted."""
    if not counts:
        return ""
    machines = f"; machines besides {counts.machine_opens:,} and {counts.machine_clicks:,}"
    return (
        f"Counted without names, in none of the numbers: opened {counts.opens:,} times, links followed "
        f"{counts.clicks:,} times{machines if counts.machine_opens or counts.machine_clicks else ''}."
    )


def figures(campaign: Campaign, counts: VisitCounts) -> Mapping[str, Any]:
    """The same for programs; links by where they lead, the most followed first."""
    links = compiled(source_of(campaign.content)).links if counts.links else ()
    followed = sorted(counts.links.items(), key=lambda each: (-each[1], each[0]))
    return {
        "opens": counts.opens,
        "clicks": counts.clicks,
        "machine_opens": counts.machine_opens,
        "machine_clicks": counts.machine_clicks,
        "links": [
            {"url": without_persons(links[place]), "clicks": clicks} for place, clicks in followed if place < len(links)
        ],
    }
