"""How a review that is under way looks."""

from __future__ import annotations

from rich.text import Text

from cli.output import counted
from cli.sync_view import duration
from domain.review_progress import ReviewProgress

_DOING = {1: "put on the list", 2: "decided on"}


def line(campaign_id: str, found: ReviewProgress) -> Text:
    """One line: `spring: review, step 2 of 2: 12,000 people decided on, 3,100/s, about 12.4 s to go`."""
    told = f"{counted(found.people, 'person', 'people')} {_DOING[found.step]}"
    speed = f", {found.people_per_s:,.0f}/s" if found.people_per_s else ""
    left = f", about {duration(found.remaining_s)} to go" if found.remaining_s is not None else ""
    return Text(f"{campaign_id}: review, step {found.step} of 2: {told}{speed}{left}", style="cyan")
