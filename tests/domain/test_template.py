"""Templates: what they may do, what they may not, and what a person's values make of them (R43, R65)."""

import time

import pytest

from domain.content_failure import ContentFailed
from domain.errors import TemplateInvalid
from domain.template import TemplateSource, compiled
from domain.template_engine import MAX_SOURCE_BYTES

LINKS = {"click_url": "https://t.example/c/T", "open_url": "https://t.example/o/T.gif"}


def text(source: str, **values: object) -> str:
    return compiled(TemplateSource("s", text=source)).render(values).text  # type: ignore[arg-type]


def html(source: str, **values: object) -> str:
    return compiled(TemplateSource("s", html=source)).render(values).html or ""  # type: ignore[arg-type]


def test_a_template_is_rendered_with_one_persons_values() -> None:
    template = compiled(
        TemplateSource("Hi {{ name }}", "for {{ name }}", "<body><p>{{ name }}</p></body>", "{{ name }}\n")
    )
    rendered = template.render({"name": "Zoë & Co"})
    assert rendered.subject == "Hi Zoë & Co"
    assert rendered.text == "Zoë & Co\n"
    assert rendered.html is not None
    assert rendered.html.endswith("<p>Zoë &amp; Co</p></body>")


@pytest.mark.parametrize("value", ["", None])
def test_an_empty_value_counts_as_missing(value: str | None) -> None:
    assert text('{{ name | default("friend") }}, {{ name }}', name=value) == "friend, "
    assert text("$[name|friend]$", name=value) == "friend"


def test_a_value_in_html_stays_text() -> None:
    assert html("<p>{{ a }}</p>", a="<script>") == "<p>&lt;script&gt;</p>"


def test_r65_the_fields_of_all_parts_are_listed_without_reserved_names_and_loop_variables() -> None:
    template = compiled(
        TemplateSource(
            "{{ a }}",
            "{{ b }}",
            "{% for x in c %}{{ x.y }}{{ loop.index }}{% endfor %}{{ unsubscribe_url }}{{ range(3) }}",
            "{{ d.e }} {% if f %}$[g]$ {% endif %}{{ organisation_name }}",
        )
    )
    assert template.fields == {"a", "b", "c", "d", "f", "g"}
    assert template.uses == {"unsubscribe_url", "organisation_name"}


@pytest.mark.parametrize(
    ("source", "where"),
    [
        ({"text": "one\ntwo {{ a"}, "text, line 2"),
        ({"html": "<p>\n\n{% if a %}</p>"}, "html, line 3"),
        ({"text": "{{ a | nosuch }}"}, "nosuch"),
        ({"text": "\n{% if a %}{{ b | nosuch }}{% endif %}"}, "line 2.*nosuch"),
        ({"text": "{{ nosuch() }}"}, "nosuch"),
        (
            {"text": "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}"},
            "too many steps",
        ),
        ({"text": '{{ "%1000000000d" | format(3) }}'}, "format"),
        ({"text": "{{ debug() }}"}, "debug"),
        ({"text": "{% if a %}{{ namespace(b=1) }}{% endif %}"}, "namespace"),
        ({"text": "{% include 'other' %}"}, "include is not available"),
        ({"text": "a\n{% set a = b ~ b %}"}, "line 2: set is not available"),
        ({"text": "{% macro a(b) %}{{ b }}{% endmacro %}"}, "macro"),
        ({"text": "{{ 'a' * 100000000 }}"}, "multiply"),
        ({"text": "{{ a | replace }}"}, "without what it needs"),
        ({"text": "{% for a in [b ~ b] %}{% endfor %}"}, "loop"),
        ({"text": "{% for a in b recursive %}{{ loop(b) }}{% endfor %}"}, "loop"),
        ({"text": "{{ a | batch(1000000000, 'x') }}"}, "batch"),
        ({"html": "{% for a in range(60000) %}" + "x" * 500_000 + "{% endfor %}"}, "too many steps"),
        ({"text": "{{ a }}" * 2001}, "2001 merge tags"),
        ({"text": "$[a b|c]$"}, "line 1"),
        ({"text": "x" * (MAX_SOURCE_BYTES + 1)}, "text: 524,289 bytes are larger than the limit of 524,288"),
        ({"text": "ß" * (MAX_SOURCE_BYTES // 2 + 1)}, "text: 524,290 bytes"),
        ({"html": "<p>$[" * 1_000_000}, "html: 5,000,000 bytes"),
        ({"html": "<p>\n{{ a.__class__.__mro__ }}"}, "html, line 2: names that begin with __"),
        ({"text": "{{ a['__class__'] }}"}, "text, line 1: names that begin with __"),
        ({"text": "{{ a | attr('__class__') }}"}, "text, line 1: names that begin with __"),
        ({"text": "{{ __import__('os') }}"}, "text, line 1: names that begin with __"),
        ({"text": "{% raw %}\n{{ {% endraw %}"}, "text, line 2: .* never ends"),
        ({"html": "<p>a</p>\n" + "<a " * 1_000}, "html, line 1: 1000 tags begin here and never end"),
        ({"html": "<p>a</p>\n" + "<!-- " * 1_000}, "html, line 1: 1000 tags"),
        ({"html": "".join(f"<p><b id={number}>" for number in range(3_000))}, "html, line 1: .* elements such as <b>"),
        ({}, "html, text"),
    ],
)
def test_what_fails_for_everybody_is_refused_with_its_place(source: dict[str, str], where: str) -> None:
    with pytest.raises(TemplateInvalid, match=where):
        compiled(TemplateSource("s", **source))


@pytest.mark.parametrize("source", ["{{ a | default('_none_') }}", "{{ first__name }}", "{{ a['_b'] }}"])
def test_underscores_elsewhere_are_let_through(source: str) -> None:
    assert compiled(TemplateSource("s", text=source)).has_text


def test_formatting_that_is_closed_may_stand_as_often_as_it_likes() -> None:
    source = "<p><b>a</b> <i>b</i> <a href=x>c</a></p>\n" * 5_000
    assert compiled(TemplateSource("s", html=source)).has_html


def test_what_only_needs_values_is_accepted() -> None:
    assert text("{{ price / 2 }}", price=84) == "42.0"
    assert text("{{ rows | join(', ') }}", rows=["one", 2]) == "one, 2"
    assert text("{{ rows | join(', ') }}") == ""


@pytest.mark.parametrize(
    ("source", "values"),
    [
        ("{{ price / 2 }}", {"price": "abc-secret"}),
        ("{% for a in n %}{% for b in n %}{% for c in n %}x{% endfor %}{% endfor %}{% endfor %}", {"n": [1] * 100}),
        ("{{ n | list | join(n) }}", {"n": "x" * 3000}),
        ("{{ n | replace('x', n) }}", {"n": "x" * 3000}),
        ("{% for a in n %}{{ b }}{% endfor %}", {"n": "x" * 1000, "b": "x" * 10_000}),
    ],
)
def test_what_fails_for_one_person_names_no_value(source: str, values: dict[str, object]) -> None:
    template = compiled(TemplateSource("s", text=source))
    begun = time.process_time()
    with pytest.raises(ContentFailed) as failed:
        template.render(values)  # type: ignore[arg-type]
    assert "secret" not in str(failed.value)
    assert time.process_time() - begun < 2


def test_a_value_is_data_even_if_it_looks_like_a_template() -> None:
    assert text("{{ a }}", a="{{ 7 * 7 }}") == "{{ 7 * 7 }}"


def test_the_text_part_is_derived_from_the_html_when_none_is_given() -> None:
    source = '<body><p>Hi {{ name }}</p><a href="{{ unsubscribe_url }}">Leave</a></body>'
    template = compiled(TemplateSource("s", "hidden words", html=source))
    rendered = template.render({"name": "A & B", "unsubscribe_url": "https://t.example/u/T"})
    assert rendered.text == "Hi A & B\n\nLeave (https://t.example/u/T)\n"


def test_a_derived_text_follows_each_persons_loops() -> None:
    source = "<table>{% for row in rows %}<tr><td>{{ row }}</td></tr>{% endfor %}</table>"
    rendered = compiled(TemplateSource("s", html=source)).render({"rows": ["one", "two"]})
    assert rendered.text.split() == ["one", "two"]


def test_braces_in_the_html_are_no_tags_in_the_derived_text() -> None:
    assert (
        compiled(TemplateSource("s", html="<p>&#123;&#123; secret }}</p>")).render({"secret": "x"}).text
        == "{{ secret }}\n"
    )


def test_braces_that_a_parser_brings_together_make_no_tag() -> None:
    template = compiled(TemplateSource("s", html="<body>{<b>{{ name }}</b>}</body>"))
    assert template.render({"name": "Ann"}).text == "{Ann}\n"
    template = compiled(TemplateSource("s", html="{<body>{{ name }}<style>p{color:red}</style>"))
    assert ">{Ann<" in (template.render({"name": "Ann"}).html or "")


def test_tracked_html_has_numbered_links_and_a_pixel_at_its_top() -> None:
    template = compiled(
        TemplateSource(
            "s", html='<body><a href="https://a.example/?x=1&amp;y=2">A</a><a href="https://b.example">B</a></body>'
        )
    )
    assert template.links == ("https://a.example/?x=1&y=2", "https://b.example")
    tracked = template.render(LINKS, tracked=True).html or ""
    assert '<a href="https:&#x2f;&#x2f;t.example&#x2f;c&#x2f;T/0">' in tracked
    assert "T/1" in tracked
    assert tracked.index("<body>") < tracked.index("<img") < tracked.index("<a ")
    assert "t.example" not in (template.render({}).html or "")


def test_pieces_joined_are_what_render_gives() -> None:
    source = "a {{ b }} c {%- if d %} {{ d -}} e {% endif %}{{ b }}"
    template = compiled(TemplateSource("s", html=source, text=source))
    values = {"b": "B", "d": "D"}
    pieces = template.pieces(values)
    assert "".join(pieces.html or []) == template.render(values).html == "a B c De B"


def test_newlines_of_any_kind_are_one_kind() -> None:
    assert text("a\r\nb\rc\n") == "a\nb\nc\n"
