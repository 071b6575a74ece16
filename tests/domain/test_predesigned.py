"""R42: the templates that come with the product compile, say everything needed, and pass our own lint."""

import re
from dataclasses import replace

import pytest
from resiliparse.parse.html import ElementNode, HTMLTree

from domain.campaign import Purpose
from domain.errors import InvalidDefinition, TemplateInvalid
from domain.footer import lacks_footer
from domain.lint import CLIP_BYTES, Sample, lint
from domain.lint_page import page_of
from domain.predesigned import Shelf, predesigned, predesigned_templates
from domain.template import Rendered, compiled
from tests.sample_values import SAMPLE_VALUES

DESIGNED = ["newsletter", "welcome", "survey", "announcement", "event", "notice"]
BASIC = ["basic-one-column", "basic-two-column", "basic-text"]
WITH_HTML = [*DESIGNED, "basic-one-column", "basic-two-column"]
PICTURE = {"image_url": "https://x.example/hill.png", "image_alt": "A green hill"}
NARROWEST = 320  #: pixels of the narrowest phone in use
#: Addresses that a template of ours may load or link to as it comes: places to fill, and names of XML vocabularies.
PLACEHOLDERS = ("https://www.example.com/", "https://t.example/", "https://x.example/", "http://www.w3.org/")


def rendered(name: str) -> Rendered:
    """The template with a picture where it has room for one."""
    template = predesigned(name)
    pictured = {place: text for place, text in PICTURE.items() if place in template.places}
    return compiled(template.source(pictured)).render(SAMPLE_VALUES)


def elements(html: str) -> list[ElementNode]:
    """Everything that a browser sees; what is for old Outlooks only stands in comments."""
    return [node for node in HTMLTree.parse(html).document or () if isinstance(node, ElementNode)]


def test_r42_they_are_listed_by_name() -> None:
    assert list(predesigned_templates()) == [*DESIGNED, *BASIC]
    assert [predesigned(name).kind for name in DESIGNED] == [Shelf.PREDESIGNED] * 6
    assert [predesigned(name).kind for name in BASIC] == [Shelf.BASIC] * 3
    assert all(template.title and template.description for template in predesigned_templates().values())


def test_r4_there_is_a_designed_one_for_every_purpose() -> None:
    assert {predesigned(name).purpose for name in DESIGNED} == set(Purpose)


@pytest.mark.parametrize("name", [*DESIGNED, *BASIC])
def test_r42_each_is_ready_to_be_sent(name: str) -> None:
    source = predesigned(name).source()
    written = compiled(source).render(SAMPLE_VALUES)
    assert compiled(source).fields == {"first_name"}
    assert "[[" not in f"{written.subject}{written.html}{written.text}"
    assert not lacks_footer(source.html or source.text or "")
    assert lint(Sample(
        written.subject, written.html, written.text, "news@shop.example",
        SAMPLE_VALUES["unsubscribe_url"], SAMPLE_VALUES["organisation_postal_address"],
    )) == ()  # fmt: skip


@pytest.mark.parametrize("name", [*DESIGNED, *BASIC])
def test_each_reads_well_for_somebody_without_a_name(name: str) -> None:
    written = compiled(predesigned(name).source()).render({**SAMPLE_VALUES, "first_name": None})
    assert re.findall(r"\s[,.!?]|,,", f"{written.subject}\n{written.text}") == []


@pytest.mark.parametrize("name", WITH_HTML)
def test_r42_each_says_its_language_title_and_preheader(name: str) -> None:
    source = predesigned(name).source({"language": "de", "headline": "Hallo & Co"}, preheader="In kurz")
    html = compiled(source).render(SAMPLE_VALUES).html or ""
    assert '<html lang="de"' in html
    assert "<title>Hallo &amp; Co</title>" in html
    assert html.index("<body") < html.index(">In kurz</div>") < html.index("Hallo", html.index("<body"))


@pytest.mark.parametrize("name", WITH_HTML)
def test_each_says_that_it_can_be_shown_dark(name: str) -> None:
    html = rendered(name).html or ""
    assert '<meta name="color-scheme" content="light dark"' in html
    assert "@media (prefers-color-scheme: dark)" in html


@pytest.mark.parametrize("name", WITH_HTML)
def test_each_image_has_an_alternative_text_and_every_layout_table_says_that_it_is_one(name: str) -> None:
    found = elements(rendered(name).html or "")
    assert [each.getattr("alt") for each in found if each.tag == "img"] in ([], ["A green hill"])
    assert {each.getattr("role") for each in found if each.tag == "table"} == {"presentation"}
    assert sum(each.tag == "h1" for each in found) == 1


@pytest.mark.parametrize("name", WITH_HTML)
def test_nothing_is_loaded_from_anywhere_but_what_the_author_puts_in(name: str) -> None:
    html = rendered(name).html or ""
    outside = [url for url in re.findall(r"https?://[^\s\"'<>)]+", html) if not url.startswith(PLACEHOLDERS)]
    assert outside == []
    assert not re.search(r"@import|<link|<script|url\(", html)


@pytest.mark.parametrize("name", WITH_HTML)
def test_each_fits_a_phone(name: str) -> None:
    found = elements(rendered(name).html or "")
    for each in (each for each in found if each.tag in {"table", "td", "div", "a", "p"}):
        style = each.getattr("style") or ""
        fixed = [int(width) for width in re.findall(r"(?<![-\w])(?:min-)?width:\s*(\d+)px", style)]
        holds_a_fluid_image = any(child.tag == "img" for child in each)  # the cell's width counts on wide screens only
        assert holds_a_fluid_image or all(width <= NARROWEST for width in fixed), (each.tag, style)
        assert not (each.getattr("width") or "0").isdigit() or int(each.getattr("width") or 0) <= NARROWEST
    assert all("width:100%" in (each.getattr("style") or "").replace(" ", "") for each in found if each.tag == "img")
    assert '<meta name="viewport" content="width=device-width' in (rendered(name).html or "")


@pytest.mark.parametrize("name", WITH_HTML)
def test_each_is_far_below_the_size_that_gmail_clips(name: str) -> None:
    assert len((rendered(name).html or "").encode()) < CLIP_BYTES / 3


@pytest.mark.parametrize("name", WITH_HTML)
def test_the_text_part_says_all_that_the_html_says(name: str) -> None:
    written = compiled(replace(predesigned(name).source(), preheader="")).render(SAMPLE_VALUES)
    page = page_of(written.html or "")
    assert [word for word in page.text.split() if word not in written.text] == []
    assert [href for href in page.hrefs if href not in written.text] == []
    assert max(len(line) for line in written.text.splitlines()) < 998  # RFC 5322, 2.1.1


def test_a_campaign_fills_the_places_of_a_template() -> None:
    content = {
        "headline": 'Tom & {{ first_name | default("you") }} <3',
        "story_text": "one\n\ntwo",
        "image_url": "https://x.example/i.png",
    }
    source = predesigned("newsletter").source({**content, "image_alt": 'a "hill"'}, subject="S", preheader="P")
    html = source.html or ""
    assert (source.subject, source.preheader) == ("S", "P")
    assert 'Tom &amp; {{ first_name | default("you") }} &lt;3' in html
    assert "one<br" in html
    assert 'src="https://x.example/i.png"' in html
    assert "&quot;hill&quot;" in html


def test_a_part_that_nothing_was_given_for_is_left_out() -> None:
    assert "<img" not in (predesigned("newsletter").source().html or "")
    assert "A second story" not in (predesigned("newsletter").source({"left_title": ""}).html or "")


def test_a_place_that_the_template_lacks_is_refused_by_name() -> None:
    with pytest.raises(InvalidDefinition, match="no place hedline"):
        predesigned("newsletter").source({"hedline": "x"})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{{ " * 100_000, "story_text, line 1: .* never ends"),
        ("x" * 600_000, "story_text: 600,000 bytes are larger"),
    ],
)
def test_what_can_be_no_part_of_a_template_is_refused_with_its_place(text: str, why: str) -> None:
    with pytest.raises(TemplateInvalid, match=why):
        predesigned("newsletter").source({"story_text": text})


def test_a_template_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(InvalidDefinition, match="newsletter"):
        predesigned("brochure")


@pytest.mark.parametrize("name", predesigned_templates())
def test_r42_what_a_template_says_to_its_author_is_known_until_it_is_filled(name: str) -> None:
    template = predesigned(name)
    as_it_comes, filled = template.source(), template.source(dict.fromkeys(template.to_fill, "Filled"))
    assert template.unfilled(as_it_comes.html or "", as_it_comes.text or "") == list(template.to_fill) != []
    assert template.unfilled(filled.html or "", filled.text or "") == []
