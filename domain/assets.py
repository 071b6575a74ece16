"""What a content makes its readers' programs fetch, or leads them to: links, images, videos (R76, D8)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from html.parser import HTMLParser

from domain.campaign import Content
from domain.merge_tags import as_words, hidden, holds_hidden, translated
from domain.videos import SITES, VideoSite, video_in

_CSS_URL = re.compile(r"url\(\s*[\"']?([^\"')]+)", re.IGNORECASE)
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


def assets_of(content: Content, sites: tuple[VideoSite, ...] = SITES) -> tuple[Asset, ...]:
    """Every link, image and video of the content, each once; those with merge fields in them left out.

    Raises:
        TemplateInvalid: a merge field is not written as one.
    """
    found: dict[tuple[str, ...], Asset] = {}
    for kind, url in _urls(content):
        asset = _asset(kind, url, sites)
        if asset is not None:
            found.setdefault(asset.proofs, asset)
    return tuple(found.values())


def hash_of_assets(assets: tuple[Asset, ...], fetched: Mapping[str, Fetched]) -> str:
    """The images and videos as their servers describe them, in 16 hex digits (D9). Pages change by the hour: left out.

    What a server does not describe counts as its URL alone.
    """
    told = [
        (proof, answer.fingerprint if (answer := fetched.get(proof)) else None)
        for asset in assets
        if asset.kind is not AssetKind.LINK
        for proof in asset.proofs
    ]
    return hashlib.sha256(json.dumps(sorted(told, key=lambda each: each[0])).encode()).hexdigest()[:16]


def _asset(kind: AssetKind, written: str, sites: tuple[VideoSite, ...]) -> Asset | None:
    url = written.strip()
    url = f"https:{url}" if url.startswith("//") else url
    if holds_hidden(url) or not url.lower().startswith(("http://", "https://")):
        return None
    if video := video_in(url, sites):
        return Asset(AssetKind.VIDEO, video.page, video.proofs)
    return Asset(kind, url, (url.partition("#")[0],))


def _urls(content: Content) -> Iterator[tuple[AssetKind, str]]:
    if content.html is not None:
        reader = _Reader()
        reader.feed(hidden(translated(content.html, "html", is_html=True))[0])
        reader.close()
        yield from reader.urls
    words, _ = as_words(translated(content.text or "", "text"))
    for url in _IN_TEXT.findall(words):
        yield AssetKind.LINK, url.rstrip(_AFTER_AN_URL)


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
        self.urls: list[tuple[AssetKind, str]] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        for name, value in attrs:
            if value:
                self.urls += self._found(tag, name, value)

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.urls += _in_css(data)

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
