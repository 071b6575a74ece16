"""Charts as inline SVG. Widths are shares of whatever room there is, heights are pixels, so that text never shrinks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from html import escape

from domain.figures import Figures, Step

_PLOT = 190  #: pixels
_TOP, _BOTTOM = 14, 26
_GAP = 0.18  #: of the width of a bar
#: Number, class in the style sheet, legend.
SERIES = (("opened", "opens", "First opens"), ("clicked", "clicks", "First clicks"))
_FORMATS: Mapping[Step, str] = {
    Step.HOUR: "%-d %b, %H:%M",
    Step.DAY: "%-d %b",
    Step.WEEK: "%-d %b",
    Step.MONTH: "%b %Y",
}
_MOST_TICKS = 6


def bar(part: int, whole: int, kind: str = "") -> str:
    """A bar as long as its share. What it says stands beside it, so it is hidden from screen readers."""
    width = min(100.0, 100 * part / whole) if whole else 0.0
    least = max(width, 0.4) if part else 0.0
    return (
        f'<svg class="bar" width="100%" height="14" aria-hidden="true" focusable="false">'
        f'<rect class="track" width="100%" height="14" rx="3"/>'
        f'<rect class="fill {kind}" width="{least:.2f}%" height="14" rx="3"/></svg>'
    )


def over_time(figures: Figures) -> str:
    """Bars of first opens, and in front of them of first clicks, with a scale."""
    bars = _steps(figures)
    most = max((counts.get(name, 0) for _, counts in bars for name, _, _ in SERIES), default=0)
    top = _scale(most)
    width = 100 / max(1, len(bars))
    drawn = [_column(place * width, width, counts, top) for place, (_, counts) in enumerate(bars)]
    height = _TOP + _PLOT + _BOTTOM
    label = f"Column chart of first opens and clicks per {figures.step}; the table below has its numbers."
    return (
        f'<div class="plot" role="img" aria-label="{label}">{_axis(top, height)}'
        f'<svg width="100%" height="{height}" aria-hidden="true" focusable="false">'
        f"{_grid()}{''.join(drawn)}{_ticks(bars, width, figures.step)}</svg></div>"
    )


def moment(at: datetime, step: Step) -> str:
    return at.strftime(_FORMATS[step])


def _steps(figures: Figures) -> Sequence[tuple[datetime, Mapping[str, int]]]:
    """Every step from the first to the last, those in which nothing happened too."""
    told = sorted(figures.over_time)
    if not told:
        return []
    found, at = [], told[0]
    while at <= told[-1]:
        found.append((at, figures.over_time.get(at, {})))
        at = _next(at, figures.step)
    return found


def _next(at: datetime, step: Step) -> datetime:
    if step is Step.MONTH:
        return (at.replace(day=1) + timedelta(days=32)).replace(day=1)
    return at + {Step.HOUR: timedelta(hours=1), Step.DAY: timedelta(days=1), Step.WEEK: timedelta(weeks=1)}[step]


def _scale(most: int) -> int:
    """The top of the scale: a round number not below the longest bar, of which a quarter is whole."""
    power = 1
    while True:
        for factor in (4, 8, 12, 20, 40):
            if factor * power >= most:
                return factor * power
        power *= 10


def _axis(top: int, height: int) -> str:
    width = 4 + 7 * len(f"{top:,}")
    texts = [
        f'<text class="scale" x="{width}" y="{y + 4:.1f}" text-anchor="end">{top * quarter // 4:,}</text>'
        for quarter, y in _quarters()
    ]
    return f'<svg width="{width}" height="{height}" aria-hidden="true" focusable="false">{"".join(texts)}</svg>'


def _grid() -> str:
    return "".join(f'<line class="grid" x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>' for _, y in _quarters())


def _quarters() -> list[tuple[int, float]]:
    """The lines of the grid, from the bottom up, and where they are."""
    return [(quarter, _TOP + _PLOT * (1 - quarter / 4)) for quarter in range(5)]


def _column(x: float, width: float, counts: Mapping[str, int], top: int) -> str:
    drawn = []
    for name, kind, _ in SERIES:
        if count := counts.get(name, 0):
            height = max(1.5, _PLOT * count / top)
            inset = width * (_GAP / 2 if kind == "opens" else _GAP + 0.12)
            place = f'x="{x + inset:.3f}%" width="{width - 2 * inset:.3f}%"'
            drawn.append(f'<rect class="{kind}" {place} y="{_TOP + _PLOT - height:.1f}" height="{height:.1f}" rx="2"/>')
    return "".join(drawn)


def _ticks(bars: Sequence[tuple[datetime, Mapping[str, int]]], width: float, step: Step) -> str:
    every = max(1, -(-len(bars) // _MOST_TICKS))
    drawn = []
    for number, place in enumerate(range(0, len(bars), every)):
        x = (place + 0.5) * width
        anchor = "start" if x < 8 else "end" if x > 92 else "middle"
        shift = 0 if anchor == "start" else 100 if anchor == "end" else x
        kind = "tick" if number % 4 == 0 else "tick spare"
        text = escape(moment(bars[place][0], step))
        drawn.append(
            f'<text class="{kind}" x="{shift:.2f}%" y="{_TOP + _PLOT + 18}" text-anchor="{anchor}">{text}</text>'
        )
    return "".join(drawn)
