"""Video sites: how a video is told from its link or thumbnail, and where one asks whether it is still there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_FILE = re.compile(r"[^?#]*\.(?:mp4|m4v|webm|mov|ogv)(?:[?#]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class VideoSite:
    """A site with many people's videos."""

    name: str
    pattern: re.Pattern[str]  #: of a link without its scheme; group `id`
    page: str  #: where the video is watched: `{id}`, or `{url}` for the link as it was written
    #: What is asked: an oEmbed address with `{page}`; then perhaps a thumbnail with `{id}`, for when that says neither.
    proofs: tuple[str, ...]

    def video_in(self, url: str) -> Video | None:
        """The video that a link or a thumbnail belongs to."""
        found = self.pattern.match(_SCHEME.sub("", url, count=1))
        if found is None:
            return None
        page = self.page.format(id=found["id"], url=url)
        proofs = (proof.format(page=quote(page, safe=""), id=found["id"]) for proof in self.proofs)
        return Video(page, tuple(proofs))


@dataclass(frozen=True, slots=True)
class Video:
    page: str
    proofs: tuple[str, ...]


#: oEmbed answers 404 for a deleted video. 401 may be a private one, or one that may not be embedded
#: (github.com/extractus/oembed-extractor/issues/168), 400 a number that never was: there the thumbnail decides, which
#: is 404 for deleted and private videos alike.
YOUTUBE = VideoSite(
    "YouTube",
    re.compile(
        r"(?:(?:www\.|m\.|music\.)?youtube(?:-nocookie)?\.com/(?:watch\?(?:[^#]*&)?v=|(?:embed|shorts|live|v)/)"
        r"|youtu\.be/|(?:img\.youtube\.com|i\d?\.ytimg\.com)/vi(?:_webp)?/)"
        r"(?!videoseries)(?P<id>[\w-]{11})(?![\w-])",
        re.IGNORECASE | re.ASCII,
    ),
    "https://www.youtube.com/watch?v={id}",
    ("https://www.youtube.com/oembed?format=json&url={page}", "https://i.ytimg.com/vi/{id}/default.jpg"),
)
#: The link as it was written: an unlisted video is only found by its whole link (help.vimeo.com, 12427906892689).
VIMEO = VideoSite(
    "Vimeo",
    re.compile(
        r"(?:(?:www\.)?vimeo\.com/(?:channels/[\w-]+/|groups/[\w-]+/videos/|album/\d+/video/|showcase/\d+/video/)?"
        r"|player\.vimeo\.com/video/)(?P<id>\d+)(?![\w-])",
        re.IGNORECASE | re.ASCII,
    ),
    "{url}",
    ("https://vimeo.com/api/oembed.json?url={page}",),
)
SITES = (YOUTUBE, VIMEO)


def video_in(url: str, sites: tuple[VideoSite, ...] = SITES) -> Video | None:
    """The video behind a link, an image or a source: on a site, or a file of one's own; None for anything else."""
    for site in sites:
        if found := site.video_in(url):
            return found
    return Video(url, (url,)) if _FILE.match(url) else None
