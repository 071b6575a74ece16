"""What a content makes its readers' programs fetch, or leads them to: links, images, videos (R76, D8)."""

from __future__ import annotations

import hashlib
import html
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from resiliparse.parse.html import HTMLTree

from domain.campaign import Content
from domain.lint_page import elements_of
from domain.merge_tags import TOKEN, as_words, hidden, holds_hidden, translated
from domain.videos import SITES, VideoSite, video_in

_CSS_URL = re.compile(r"url\(\s*[\"']?([^\"')]+)", re.IGNORECASE)
_VALUE = re.compile(r"=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))")
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


_PLACES: Mapping[tuple[str, str], AssetKind] = {
    ("a", "href"): AssetKind.LINK,
    ("area", "href"): AssetKind.LINK,
    ("img", "src"): AssetKind.IMAGE,
    ("video", "src"): AssetKind.VIDEO,
    ("video", "poster"): AssetKind.IMAGE,
    ("source", "src"): AssetKind.VIDEO,
}


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
        source = _on_its_lines(*hidden(translated(content.html, "html", is_html=True)))
        yield from _urls_of_page(source.replace("\r\n", "\n").replace("\r", "\n"))
    words, _ = as_words(translated(content.text or "", "text"))
    for url in _IN_TEXT.findall(words):
        yield AssetKind.LINK, url.rstrip(_AFTER_AN_URL), "text"


def _on_its_lines(source: str, tags: list[str]) -> str:
    """Hidden HTML with the line breaks of its tags, so that lines are counted as in what was written."""
    return _HIDDEN_TAG.sub(lambda found: found[0] + "\n" * tags[int(found[1] or found[2])].count("\n"), source)


def _urls_of_page(source: str) -> Iterator[tuple[AssetKind, str, str]]:
    """As a browser reads the page (lexbor, see domain/lint_page.py), in the order of its elements."""
    lines = _lines(source)
    for element in elements_of(HTMLTree.parse(source)):
        tag = element.tag or ""
        if tag == "style":
            yield from ((kind, url, _place(lines, url)) for kind, url in _in_css(element.text or ""))
        for name in element.attrs:
            written = element.getattr(name) or ""
            for kind, url in _in_attribute(tag, name, written):
                yield kind, url, _place(lines, written)


def _in_attribute(tag: str, name: str, written: str) -> list[tuple[AssetKind, str]]:
    if kind := _PLACES.get((tag, name)):
        return [(kind, written)]
    if name == "background":
        return [(AssetKind.IMAGE, written)]
    if name == "srcset":
        return [(AssetKind.IMAGE, each.split()[0]) for each in re.split(r",\s+", written) if each.strip()]
    return _in_css(written) if name == "style" else []


def _in_css(source: str) -> list[tuple[AssetKind, str]]:
    return [(AssetKind.IMAGE, url) for url in _CSS_URL.findall(source)]


def _lines(source: str) -> Mapping[str, int]:
    """The line where each attribute value, and each URL of a style sheet, stands first. A parser's tree has none."""
    breaks = [found.start() for found in re.finditer("\n", source)]
    found: dict[str, int] = {}
    for each in (*_VALUE.finditer(source), *_CSS_URL.finditer(source)):
        line = bisect_left(breaks, each.start()) + 1
        written = next(group for group in each.groups() if group is not None)
        found.setdefault(written, line)
        found.setdefault(html.unescape(written), line)
    return found


def _place(lines: Mapping[str, int], written: str) -> str:
    return f"html, line {lines[written]}" if written in lines else "html"
