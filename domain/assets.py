"""What a content makes its readers' programs fetch, or leads them to: links, images, videos (R76, D8)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from html.parser import HTMLParser

from domain.campaign import Content
from domain.merge_tags import TOKEN, as_words, hidden, holds_hidden, translated
from domain.videos import SITES, VideoSite, video_in

_CSS_URL = re.compile(r"url\(\s*[\"']?([^\"')]+)", re.IGNORECASE)
_HIDDEN_TAG = re.compile(rf"<!--{TOKEN}(\d+)t-->|{TOKEN}(\d+)q")
_IN_TEXT = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
_AFTER_AN_URL = ".,;:!?)]}"  # punctuation of the sentence around it


class AssetKind(StrEnum):
    LINK = "link"
    IMAGE = "image"
    VIDEO = "video"


class Trouble(StrEnum):
    """Why nobody answered."""

    NO_HOST = "no_host"  #: the name is not known
    PRIVATE = "private"  #: the address is not on the public internet, and nobody allowed it
    TIME_OUT = "time_out"
    NO_ANSWER = "no_answer"  #: connection refused or lost, a bad certificate, bytes that are no HTTP
    REDIRECTS = "redirects"  #: sent on and on
    BAD_URL = "bad_url"


@dataclass(frozen=True, slots=True)
class Fetched:
    """How one URL answered: a status, or a trouble."""

    status: int | None = None  #: of HTTP, after redirects
    trouble: Trouble | None = None
    fingerprint: str | None = None  #: of what is there, where the server tells: ETag, or size and time of change


@dataclass(frozen=True, slots=True)
class Asset:
    kind: AssetKind
    url: str  #: as people know it; of a video on a site the page where it is watched
    proofs: tuple[str, ...]  #: what is fetched to find out
    place: str = "content"  #: where it stands first: "html, line 7", "text"

    @property
    def is_the_proof(self) -> bool:
        """Whether what is fetched is the thing itself, and not a site's word about it."""
        return self.proofs == (_without_fragment(self.url),)


def assets_of(content: Content, sites: tuple[VideoSite, ...] = SITES) -> tuple[Asset, ...]:
    """Every link, image and video of the content, each once; those with merge fields in them left out.

    Raises:
        TemplateInvalid: a merge field is not written as one.
    """
    found: dict[tuple[str, ...], Asset] = {}
    for kind, url, place in _urls(content):
        asset = _asset(kind, url, place, sites)
        if asset is not None:
            found.setdefault(asset.proofs, asset)
    return tuple(found.values())


def hashes_of_assets(assets: tuple[Asset, ...], fetched: Mapping[str, Fetched]) -> dict[str, str]:
    """By URL, each image and each video file as its server describes it, in 16 hex digits (D9).

    Pages change by the hour, and so does what a video site says of a video: left out. So is what no server describes.
    """
    told = {
        asset.url: answer.fingerprint
        for asset in assets
        if asset.kind is not AssetKind.LINK and asset.is_the_proof and (answer := fetched.get(asset.proofs[0]))
    }
    return {url: hashlib.sha256(said.encode()).hexdigest()[:16] for url, said in sorted(told.items()) if said}


def changed_assets(reviewed: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """URLs of images and videos that are not what they were at the review. What was not described says nothing."""
    return [url for url, before in reviewed.items() if now.get(url, before) != before]


def _asset(kind: AssetKind, written: str, place: str, sites: tuple[VideoSite, ...]) -> Asset | None:
    url = written.strip()
    url = f"https:{url}" if url.startswith("//") else url
    if holds_hidden(url) or not url.lower().startswith(("http://", "https://")):
        return None
    if video := video_in(url, sites):
        return Asset(AssetKind.VIDEO, video.page, video.proofs, place)
    return Asset(kind, url, (_without_fragment(url),), place)


def _without_fragment(url: str) -> str:
    return url.partition("#")[0]


def _urls(content: Content) -> Iterator[tuple[AssetKind, str, str]]:
    """What it is, its URL as it is written, and where."""
    if content.html is not None:
        reader = _Reader()
        reader.feed(_on_its_lines(*hidden(translated(content.html, "html", is_html=True))))
        reader.close()
        yield from reader.urls
    words, _ = as_words(translated(content.text or "", "text"))
    for url in _IN_TEXT.findall(words):
        yield AssetKind.LINK, url.rstrip(_AFTER_AN_URL), "text"


def _on_its_lines(source: str, tags: list[str]) -> str:
    """Hidden HTML with the line breaks of its tags, so that lines are counted as in what was written."""
    return _HIDDEN_TAG.sub(lambda found: found[0] + "\n" * tags[int(found[1] or found[2])].count("\n"), source)


class _Reader(HTMLParser):
    _PLACES: Mapping[tuple[str, str], AssetKind] = {
        ("a", "href"): AssetKind.LINK,
        ("area", "href"): AssetKind.LINK,
        ("img", "src"): AssetKind.IMAGE,
        ("video", "src"): AssetKind.VIDEO,
        ("video", "poster"): AssetKind.IMAGE,
        ("source", "src"): AssetKind.VIDEO,
    }

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[tuple[AssetKind, str, str]] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        for name, value in attrs:
            if value:
                self._take(self._found(tag, name, value))

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self._take(_in_css(data))

    def _take(self, found: list[tuple[AssetKind, str]]) -> None:
        place = f"html, line {self.getpos()[0]}"
        self.urls += [(kind, url, place) for kind, url in found]

    def _found(self, tag: str, name: str, value: str) -> list[tuple[AssetKind, str]]:
        if kind := self._PLACES.get((tag, name)):
            return [(kind, value)]
        if name == "background":
            return [(AssetKind.IMAGE, value)]
        if name == "srcset":
            return [(AssetKind.IMAGE, each.split()[0]) for each in re.split(r",\s+", value) if each.strip()]
        return _in_css(value) if name == "style" else []


def _in_css(source: str) -> list[tuple[AssetKind, str]]:
    return [(AssetKind.IMAGE, url) for url in _CSS_URL.findall(source)]
