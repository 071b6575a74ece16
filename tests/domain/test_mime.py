"""The body with one person's values in it: a form that is filled in says what pieces that are looked up say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.merge_tags import MARK
from domain.mime import Skeleton
from domain.template import TemplateSource, compiled

WRITTEN = "Dear {{ name }},\n{{ city }}{{ name }} .\n.{# a note #}x {{ name }}"
LATIN = f'<html><body><p>{WRITTEN}</p><a href="https://shop.example">Shop</a></body></html>'
TEMPLATES = {
    "both parts": compiled(TemplateSource("Hi", "Soon", LATIN, WRITTEN)),
    "text alone": compiled(TemplateSource("Hi", text=WRITTEN)),
    "base64": compiled(
        TemplateSource("Hi", "", f"<p>{'長い日本語の文章です。' * 30}{{{{ name }}}}</p>", "日本語 {{ name }}")
    ),
    "nothing but a tag": compiled(TemplateSource("Hi", "", "{{ name }}", "{{ name }}")),
    "no tag": compiled(TemplateSource("Hi", "", "<p>Hi</p>", "Hi\n\n")),
}
VALUE = st.lists(
    st.sampled_from(["Dear ", ",\n", ".", "=", "\r\n", "\r", "é", "x" * 80, " ", "<b>", "{{ name }}", "/"]), max_size=6
).map("".join)


@pytest.mark.parametrize("name", TEMPLATES)
@given(value=VALUE, city=VALUE)
def test_forms_filled_in_give_what_looking_each_piece_up_gives(name: str, value: str, city: str) -> None:
    template = TEMPLATES[name]
    skeleton = Skeleton.of(template, seed="spring")
    values = {"name": value, "city": city, "click_url": "https://t.example/c", "open_url": "https://t.example/o"}
    assert skeleton.forms is not None
    told = skeleton.forms.tags.values(values)
    assert told is not None
    for tracked in (False, True):
        pieces = template.pieces(values, tracked=tracked)
        assert skeleton.joined(*skeleton.forms.filled(told, tracked=tracked)) == skeleton.body(pieces)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_layout_gives_the_pieces_of_the_whole_rendering(name: str) -> None:
    template = TEMPLATES[name]
    assert template.tags is not None
    values = {"name": "<Ann>", "city": ""}
    told = template.tags.values(values)
    assert told is not None
    assert template.tags.text.pieces(told) == template.pieces(values).text
    assert (template.tags.html and template.tags.html.pieces(told)) == template.pieces(values).html


def test_a_template_that_is_rendered_as_a_whole_has_no_forms() -> None:
    template = compiled(TemplateSource("Hi", "", "<p>{% if city %}a{% endif %}{{ name }}</p>", WRITTEN))
    assert Skeleton.of(template, seed="spring").forms is None


def test_a_value_that_holds_a_mark_comes_out_without_it() -> None:
    template = TEMPLATES["both parts"]
    pieces = template.pieces({"name": f"An{MARK}n"})
    assert b"=\r\nAn=\r\nn=\r\n" in Skeleton.of(template, seed="spring").body(pieces)
