"""What a series may say, and will hardly mean: a trigger that nobody can set off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from domain.campaign import Campaign
from domain.errors import TemplateInvalid
from domain.mailer import source_of
from domain.series import RESPONSES, Series, Step, TriggerKind
from domain.template import compiled
from domain.tracking_policy import TrackingPolicy

_UNSEEN = frozenset({TrackingPolicy.OFF, TrackingPolicy.AGGREGATE})


def hints(series: Series, messages: Mapping[str, Campaign], tracking: TrackingPolicy) -> Iterator[str]:
    """Each names the message. `messages` are its campaigns, by key."""
    for step in series.steps:
        earlier = messages.get(step.trigger.message or "")
        if step.trigger.kind in RESPONSES and earlier is not None:
            yield from (f"message {step.key}: {found}" for found in _of(step, earlier, tracking))


def _of(step: Step, earlier: Campaign, tracking: TrackingPolicy) -> Iterator[str]:
    if tracking in _UNSEEN:
        yield f"nobody is seen to open or click (tracking is {tracking}); {_then(step)}"
    elif earlier.content.html is None:
        yield f"{earlier.id} has no HTML, and in plain text no opens and clicks are seen; {_then(step)}"
    elif step.trigger.kind is TriggerKind.CLICKED and not _has_links(earlier):
        yield f"{earlier.id} has no link to click; {_then(step)}"


def _then(step: Step) -> str:
    if step.trigger.kind is TriggerKind.CLICKED:
        return "nobody gets it"
    if step.trigger.kind is TriggerKind.OPENED:
        return "only who answers gets it"
    return "everybody who does not answer gets it"


def _has_links(earlier: Campaign) -> bool:
    try:
        return bool(compiled(source_of(earlier.content)).links)
    except TemplateInvalid:
        return True  # its review says what is wrong
