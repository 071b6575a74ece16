"""What every page has: a language, labels, contrast, no script, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidDefinition
from domain.tracking import Kind
from tests.web.house import House, path
from web.look import Logo, Look, contrast, logo_of
from web.words import WORDS, Words, language

PAGES = [path(Kind.UNSUBSCRIBE), path(Kind.PREFERENCES), "/nothing"]
PNG = b"\x89PNG\r\n\x1a\n and so on"
_VOID = frozenset({"meta", "img", "input", "br", "hr", "link"})


class Read(HTMLParser):
    """The elements of a page, and whether they are well nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], tuple[str, ...]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), tuple(self.open)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes, _ in self.found if name == tag]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("lang", WORDS)
async def test_a_page_can_be_read_by_everybody(page: str, lang: str) -> None:
    answer = await House().get(page, **{"accept-language": lang})
    read = Read(answer.text)
    assert read.all("html") == [{"lang": lang}]
    assert [len(read.all(tag)) for tag in ("title", "h1", "main", "header", "footer")] == [1] * 5
    assert [meta["content"] for meta in read.all("meta") if meta.get("name") == "viewport"] == [
        "width=device-width, initial-scale=1"
    ]
    for tag, attributes, inside in read.found:
        if tag == "input" and attributes["type"] != "hidden":
            assert {"label", "fieldset"} <= set(inside), "named, and in a named group"
    assert len(read.all("legend")) == len(read.all("fieldset"))
    assert all("alt" in image for image in read.all("img"))
    assert len({attributes["id"] for _, attributes, _ in read.found if "id" in attributes}) == sum(
        "id" in attributes for _, attributes, _ in read.found
    )


@pytest.mark.parametrize("page", PAGES)
async def test_a_page_runs_nothing_and_asks_nobody_else(page: str) -> None:
    answer = await House(look=Look("Green Ltd", logo=Logo("image/png", PNG))).get(page)
    read = Read(answer.text)
    assert not [tag for tag, _, _ in read.found if tag in {"script", "iframe", "object", "link", "base"}]
    assert not [name for _, attributes, _ in read.found for name in attributes if name.startswith("on")]
    assert not [name for _, attributes, _ in read.found for name in attributes if name == "style"]
    for _, attributes, _ in read.found:
        assert not re.match(r"[a-z]+:|//", attributes.get("src") or attributes.get("href") or "")
    [style] = re.findall("<style>(.*?)</style>", answer.text, re.S)
    assert "url(" not in style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self'; form-action 'self'")
    for name in ("x-content-type-options", "x-frame-options", "referrer-policy", "strict-transport-security"):
        assert name in answer.headers
    assert answer.headers["cache-control"] == "no-store"


async def test_the_logo_is_shown_from_wherever_the_page_is() -> None:
    house = House(look=Look("Green & Co", logo=Logo("image/png", PNG)))
    for page, source in ((PAGES[0], "../logo"), ("/nothing", "logo")):
        assert Read((await house.get(page)).text).all("img") == [{"src": source, "alt": "Green & Co"}]
    answer = await house.get("/logo")
    assert (answer.body, answer.headers["content-type"]) == (PNG, "image/png")


async def test_search_engines_stay_out() -> None:
    assert "Disallow: /" in (await House().get("/robots.txt")).text


@given(colour=st.from_regex(r"\A#[0-9a-f]{6}\Z"))
def test_words_on_the_organisations_colour_can_be_read(colour: str) -> None:
    assert contrast(Look("", colour=colour).text_on_colour, colour) >= 4.5


@pytest.mark.parametrize(
    ("text", "page", "at_least"),
    [("#1f2937", "#ffffff", 7), ("#1f2937", "#f3f4f6", 7), ("#f3f4f6", "#111827", 7), ("#6b7280", "#ffffff", 3)],
)
def test_the_pages_own_colours_can_be_read(text: str, page: str, at_least: float) -> None:
    assert contrast(text, page) >= at_least


def test_contrast_is_reckoned_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_each_language_says_everything_with_the_same_places() -> None:
    for name in Words.__slots__:
        places = [sorted(re.findall(r"{\w+}", getattr(words, name))) for words in WORDS.values()]
        assert all(each == places[0] for each in places), name
        assert all(getattr(words, name) for words in WORDS.values())


@pytest.mark.parametrize(
    ("accepted", "known", "expected"),
    [
        ("", None, "en"),
        ("de-DE,de;q=0.9,en;q=0.8", None, "de"),
        ("en;q=0.5, fr;q=0.7", None, "fr"),
        ("it, es;q=0.1", None, "es"),
        ("ja", None, "en"),
        ("de;q=0, fr;q=0.1", None, "fr"),
        ("de", "es_MX", "es"),
        ("de", "Klingon", "de"),
        (",;;q=x, =, de;q=huge", None, "en"),
        ("fr;q=nan", None, "en"),
    ],
)
def test_a_reader_is_spoken_to_in_their_language(accepted: str, known: str | None, expected: str) -> None:
    assert language(accepted, known) == expected


def test_a_logo_is_a_picture(tmp_path: Path) -> None:
    logo = tmp_path / "logo"
    logo.write_bytes(PNG)
    assert logo_of(logo) == Logo("image/png", PNG)
    for content in (b"<svg onload=alert(1)>", b"", PNG + bytes(256 * 1024)):
        logo.write_bytes(content)
        with pytest.raises(InvalidDefinition, match="no PNG"):
            logo_of(logo)
    with pytest.raises(InvalidDefinition, match="cannot be read"):
        logo_of(tmp_path / "none")
