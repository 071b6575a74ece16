"""Takes requests for a replay of the feed."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.feed_replay_requested import ReplayDesk
from messages.feed_replay_requested import FeedReplayRequested
from workers.part import Part
from workers.resources import Resources


def build(resources: Resources) -> Sequence[Part]:
    return [resources.runtime.single(FeedReplayRequested, ReplayDesk(resources.stores.replays), concurrency=1)]
