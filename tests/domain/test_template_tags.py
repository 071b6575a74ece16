"""Rendering the tags alone says the same as rendering the whole template, to the byte: where it can say it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.assembly import Assembler, Endpoints, Mailing, OutgoingMail, Recipient
from domain.campaign import Purpose, Sender
from domain.content_failure import ContentFailed
from domain.errors import TemplateInvalid
from domain.merge_tags import MARK
from domain.predesigned import predesigned
from domain.template import Template, TemplateSource, compiled
from domain.template_engine import MAX_RENDERED_CHARS
from domain.tracking import SigningKey, SigningKeys
from domain.values import Value

ENDPOINTS = Endpoints("https://t.shop.example?a=1&b", "b.shop.example", SigningKeys((SigningKey(0, b"k" * 32),)))
SENDER = Sender("Shop", "news@shop.example")
MAILING = Mailing("spring-news", Purpose.NEWSLETTER, SENDER, "Söhne & Co", "Garden Lane 1", "readers", "Readers")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CONTACT = "00112233445566778899aabbccddeeff"
RECIPIENT = Recipient(f"spring-news:{CONTACT}:0", f"spring-news.{CONTACT}.0@shop.example", "zoe@customer.example")
TAGS = (
    "{{ a }}", "{{a}}", "{{ b }}", "{{ c.d.e }}", "{{ c[0] }}", "{{ a | default('none') }}",
    "{{ a | default(b, true) }}", "{{ a | upper | trim }}", "{{ a | escape }}", "{{ a | safe }}",
    "{{ a | replace('a', '<') }}", "{{ c | join(', ') }}",
    "{{ a | length }}", "{{ b / 2 }}", "{{ a ~ b }}", "{{ 'x' if a else 'y' }}", "{{ a and b }}", "{{ range(3) }}",
    "{{ '}}' }}", '{{ "{{" }}', "{{ '{%' }}", "{{ [a, b] }}", "{{ {'k': a} }}", "{{ loop }}", "{# a note #}", "{##}",
    "{{+ a }}", "{{ unsubscribe_url }}", "{{ preferences_url }}", "{{ organisation_name }}", "{{ sender_name }}",
    "$[A|friend & co]$", "$[a]$", "{{ a | urlencode }}", "{{ c is defined }}", "{{ c | first }}", "{{ a > b }}",
)  # fmt: skip
#: With these a template is rendered as a whole.
WHOLE = (
    "{{- a }}", "{{ a -}}", "{{- a -}}", "{#- note -#}", "{% if a %}", "{% endif %}", "{% for x in c %}", "{{ x }}",
    "{% endfor %}", "{% raw %}", "{% endraw %}", "{%- if b -%}",
)  # fmt: skip
TEXT = (
    " ", "\n", "\r\n", "\t", ".", "\n.", "=", "é", "漢字漢字漢字", "Dear ", "{", "}", "{ {", "x" * 80, "&amp;", "<p>",
    "</p>", '<a href="https://shop.example/a">A</a>', "<body>", "</body>", "<!--", "-->", "<style>p{color:red}</style>",
    "#}", MARK,
)  # fmt: skip
STRAIGHT = st.lists(st.sampled_from(TAGS + TEXT), max_size=12).map("".join)
ANY = st.lists(st.sampled_from(TAGS + TEXT + WHOLE), max_size=8).map("".join)
WORDS = st.lists(
    st.sampled_from(
        ["Ann", " ", "  ", "\n", "\r", "é", "<b>", "&", MARK, ".", "=", "{{ a }}", "y" * 80, "\x00", "/", '"']
    ),
    max_size=4,
).map("".join)
VALUE: st.SearchStrategy[Value] = st.recursive(
    WORDS | st.none() | st.integers() | st.floats(allow_nan=False) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["d", "e"]), inner, max_size=2),
    max_leaves=4,
)
VALUES = st.dictionaries(st.sampled_from(["a", "b", "c", "A", "x", "range", "loop", "open_url"]), VALUE)


def said(template: Template, recipient: Recipient) -> OutgoingMail | str:
    try:
        return Assembler(template, MAILING, ENDPOINTS).mail(recipient, now=NOW)
    except ContentFailed as failure:
        return str(failure)


def both_ways(source: TemplateSource, values: dict[str, Value], *, tracked: bool) -> Template | None:
    """The template, after its quick way was compared with the other one; None when it does not compile."""
    try:
        template = compiled(source)
    except TemplateInvalid:
        return None
    recipient = replace(RECIPIENT, values=values, tracked=tracked)
    assert said(template, recipient) == said(replace(template, tags=None), recipient)
    return template


@settings(max_examples=100, deadline=None)
@given(STRAIGHT, STRAIGHT, st.none() | STRAIGHT, VALUES, st.booleans())
def test_a_template_of_tags_says_the_same_both_ways(
    subject: str, html: str, text: str | None, values: dict[str, Value], tracked: bool
) -> None:
    template = both_ways(TemplateSource(subject, "{{ b }}", html, text), values, tracked=tracked)
    assert template is None or template.tags or "{%" in f"{html}{text}"


@settings(max_examples=100, deadline=None)
@given(ANY, st.none() | ANY, st.none() | ANY, VALUES, st.booleans())
def test_a_template_with_anything_in_it_says_the_same_both_ways(
    subject: str, html: str | None, text: str | None, values: dict[str, Value], tracked: bool
) -> None:
    both_ways(TemplateSource(subject, "", html, text), values, tracked=tracked)


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("tracked", [False, True])
def test_each_tag_says_the_same_both_ways(tag: str, tracked: bool) -> None:
    source = TemplateSource(f"{tag} news {tag}", tag, f"<p>{tag}</p>{tag}", f"a {tag} b{tag}")
    for values in ({}, {"a": "<Ann & Co>", "b": 7, "c": [1, "two"]}, {"a": MARK, "c": {"d": {"e": "/"}}}):
        assert both_ways(source, values, tracked=tracked) is not None


def test_the_predesigned_letters_go_the_quick_way() -> None:
    template = both_ways(predesigned("newsletter").source(), {"first_name": "Ann"}, tracked=True)
    assert template is not None
    assert template.tags is not None


def test_a_subject_may_have_conditions_on_the_quick_way() -> None:
    template = compiled(TemplateSource("{%- if a -%} {{ a -}} , {% endif %}news", html="<p>{{ a }}</p>"))
    assert template.tags is not None
    assert [(template.tags.values(values) or [""])[0] for values in ({"a": "Ann"}, {})] == ["Ann, news", "news"]


@pytest.mark.parametrize("whole", ["{{- a }}", "{{ a -}}", "{% if a %}x{% endif %}", "{% raw %}{{ a }}{% endraw %}"])
def test_what_changes_more_than_values_is_rendered_as_a_whole(whole: str) -> None:
    assert compiled(TemplateSource("s", html="<p>{{ a }}</p>", text=f"a {whole}")).tags is None
    assert compiled(TemplateSource("s", html=f"<p>{whole}</p>", text="{{ a }}")).tags is None


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"a": f"An{MARK}n", "b": 1}, id="a value that holds the mark"),
        pytest.param({"a": "Ann", "b": "free"}, id="a value that the template fails for"),
        pytest.param({"a": "x" * (MAX_RENDERED_CHARS // 2), "b": 1}, id="a value that may make a part too long"),
    ],
)
def test_what_the_quick_way_cannot_tell_it_leaves_to_the_other(values: dict[str, Value]) -> None:
    source = TemplateSource("s", text="{{ a }}\n{{ b / 2 }}{{ a }}")
    template = both_ways(source, values, tracked=False)
    assert template is not None
    assert template.tags is not None
    assert template.tags.values(values) is None


def test_who_fails_is_told_where_in_the_template() -> None:
    template = compiled(TemplateSource("s", html="<p>\n{{ b / 2 }}</p>", text="{{ a }}"))
    assert said(template, replace(RECIPIENT, values={"b": "free"})) == "body.html: InvalidOperation in line 2"


def test_a_tag_that_stands_in_many_places_is_rendered_once() -> None:
    template = compiled(TemplateSource("{{ a }}", html="<p>{{ a }}{{ a }}{{ b }}</p>", text="{{ a }} {{ a }}"))
    assert template.tags is not None
    told = template.tags.values({"a": "<A>", "b": "B", "click_url": "C", "open_url": "O"})
    assert told == ["<A>", "<A>", "&lt;A&gt;", "B", "O"]
