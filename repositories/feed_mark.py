"""The mark of a document that the feed is to tell of: set by the write that changes it, so that none is lost.

{feed: a text that is unlike every other mark, and larger than those of earlier seconds}

Whoever has told takes back the mark that was read; a write in the meantime has set another one, which stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from bson import ObjectId

FEED = "feed"  #: the field
FeedMark: TypeAlias = Mapping[str, str]
NO_MARK: FeedMark = MappingProxyType({})


def fresh_mark(feed: bool) -> FeedMark:
    """What a write sets beside what it changes; nothing where there is no feed."""
    return {FEED: str(ObjectId())} if feed else NO_MARK
