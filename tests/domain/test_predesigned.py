"""R42: the templates that come with the product compile, say everything needed, and pass our own lint."""

import pytest

from domain.errors import InvalidDefinition
from domain.footer import lacks_footer
from domain.lint import Sample, lint
from domain.predesigned import Shelf, predesigned, predesigned_templates
from domain.template import compiled

VALUES = {
    "first_name": "Zoë",
    "organisation_name": "Alder & Finch",
    "organisation_postal_address": "Gartenstraße 12, 20095 Hamburg",
    "sender_name": "Mara",
    "unsubscribe_url": "https://t.example/u/T",
    "preferences_url": "https://t.example/p/T",
}
NAMES = ["newsletter", "announcement", "basic-one-column", "basic-text"]


def test_r42_they_are_listed_by_name() -> None:
    assert list(predesigned_templates()) == NAMES
    assert predesigned("newsletter").kind is Shelf.PREDESIGNED
    assert all(template.title and template.description for template in predesigned_templates().values())


@pytest.mark.parametrize("name", NAMES)
def test_r42_each_is_ready_to_be_sent(name: str) -> None:
    template = compiled(predesigned(name).source())
    rendered = template.render(VALUES)
    assert template.fields == {"first_name"}
    assert "[[" not in f"{rendered.subject}{rendered.html}{rendered.text}"
    assert not lacks_footer(predesigned(name).source().html or predesigned(name).source().text or "")
    sample = Sample(
        rendered.subject,
        rendered.html,
        rendered.text,
        "news@shop.example",
        VALUES["unsubscribe_url"],
        VALUES["organisation_postal_address"],
    )
    assert lint(sample) == ()


@pytest.mark.parametrize("name", ["newsletter", "announcement", "basic-one-column"])
def test_r42_each_is_light_and_says_its_language(name: str) -> None:
    html = predesigned(name).source({"language": "de"}).html or ""
    assert len(html.encode()) < 40_000
    assert '<html lang="de"' in html


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


def test_a_template_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(InvalidDefinition, match="newsletter"):
        predesigned("brochure")


@pytest.mark.parametrize("name", predesigned_templates())
def test_r42_what_a_template_says_to_its_author_is_known_until_it_is_filled(name: str) -> None:
    template = predesigned(name)
    as_it_comes, filled = template.source(), template.source(dict.fromkeys(template.to_fill, "Filled"))
    assert template.unfilled(as_it_comes.html or "", as_it_comes.text or "") == list(template.to_fill) != []
    assert template.unfilled(filled.html or "", filled.text or "") == []
