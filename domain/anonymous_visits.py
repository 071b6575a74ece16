"""Opens and clicks that are counted per campaign and name nobody (D12, aggregate)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AnonymousVisit:
    """Something of a campaign's mail was asked for, by whomever."""

    campaign_id: str
    link: int | None = None  #: its place in the campaign's links; None: the pixel
    by_machine: bool = False


@dataclass(frozen=True, slots=True)
class VisitCounts:
    """How often, not by how many: who asks twice counts twice."""

    opens: int = 0
    clicks: int = 0
    machine_opens: int = 0  #: in no other number
    machine_clicks: int = 0
    links: Mapping[int, int] = field(default_factory=dict)  #: clicks of people, by the place of the link

    def __bool__(self) -> bool:
        return bool(self.opens or self.clicks or self.machine_opens or self.machine_clicks)


def number_of(visit: AnonymousVisit) -> str:
    """Which field of `VisitCounts` it is counted in."""
    kind = "opens" if visit.link is None else "clicks"
    return f"machine_{kind}" if visit.by_machine else kind
