"""Merge tags on their way through translation, HTML parsers and rendering."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import TemplateInvalid
from domain.merge_tags import MARK, as_words, check_closed, hidden, literals, marked, shown, translated


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("Hi $[FNAME]$", "Hi {{ fname }}"),
        ("Hi $[First_Name|friend]$!", 'Hi {{ first_name | default("friend", true) }}!'),
        ("$[a|$[b|c]$", '$[a|{{ b | default("c", true) }}'),
        ('$[ A | say "hi" \\ ]$', '{{ a | default(" say \\"hi\\" \\\\ ", true) }}'),
        ("costs $5 [net]", "costs $5 [net]"),
    ],
)
def test_the_piped_form_means_a_default(written: str, means: str) -> None:
    assert translated(written, "html") == means


def test_a_fallback_in_html_is_not_escaped_twice() -> None:
    assert translated("$[A|Tom &amp; Co]$", "html", is_html=True) == '{{ a | default("Tom & Co", true) }}'


def test_a_piped_form_without_a_field_is_refused_with_its_line() -> None:
    with pytest.raises(TemplateInvalid, match="html, line 3"):
        translated("\n\n$[first name|x]$", "html")


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("{{ a }}\n{{ b", 2),
        ("{% if a %}{% raw %}\n{{ {% endraw %}{% endif %}", 2),
        ("{# a #}{# b", 1),
        ('{{ "}}" ', 1),
        ("{{ 'a }}", 1),
    ],
)
def test_a_tag_that_never_ends_is_refused_with_its_line(source: str, line: int) -> None:
    with pytest.raises(TemplateInvalid, match=f"html, line {line}.*never ends"):
        check_closed(source, "html")


@pytest.mark.parametrize("opened", ["{{ ", '{{ "', "{{ \"'", "{% ", "{#", '{{ "\\"'])
def test_a_hundred_thousand_open_tags_are_read_once(opened: str) -> None:
    with pytest.raises(TemplateInvalid, match="never ends"):
        check_closed("{{ a }}" + opened * 100_000 + "\\", "html")  # minutes, if each were looked for to the end


def test_a_hundred_thousand_open_piped_fields_are_text() -> None:
    assert translated("$[" * 100_000, "html") == "$[" * 100_000


def test_whole_tags_are_let_through() -> None:
    check_closed("{{ '}}' }}{% if a == \"%}\" %}{# {{ #}{{ {'a': 1} }}", "html")


PARTS = st.sampled_from(
    [
        "{{ a }}",
        "{% if b %}",
        "{# c #}",
        '{{ "}}" }}',
        "<p>",
        "<a title='",
        "' href=x>",
        "<!--",
        "-->",
        "text",
        '"',
        ">",
        "<style>",
        "</style>",
        "<title>",
        "</title>",
        "<table><tr><td>",
        " < ",
        "\n",
    ]
)


@given(st.lists(PARTS, max_size=20).map("".join))
def test_what_was_hidden_is_shown_again(source: str) -> None:
    assert shown(*hidden(source)) == source
    assert shown(*as_words(source)) == source


@pytest.mark.parametrize(
    ("source", "safe"),
    [
        ("<tr>{% for x in y %}</tr>", "<tr><!--qzmerge0t--></tr>"),
        ("<a href='{{ u }}'>{{ t }}</a>", "<a href='qzmerge0q'><!--qzmerge1t--></a>"),
        ("<!--[if mso]>{{ a }}<![endif]-->{{ b }}", "<!--[if mso]>qzmerge0q<![endif]--><!--qzmerge1t-->"),
        ("<style>{{ a }}</style>{{ b }}", "<style>qzmerge0q</style><!--qzmerge1t-->"),
        ("<title>{{ a }}</title>", "<title>qzmerge0q</title>"),
        ("1 < 2 {{ a }}", "1 < 2 <!--qzmerge0t-->"),
        ("<p title='>'>{{ a }}", "<p title='>'><!--qzmerge0t-->"),
    ],
)
def test_a_tag_is_hidden_by_what_a_parser_leaves_alone_there(source: str, safe: str) -> None:
    assert hidden(source)[0] == safe


def test_marks_stand_around_tags_but_not_where_a_tag_takes_blanks_away() -> None:
    assert marked("a {{ b }} c") == f"a {MARK}{{{{ b }}}}{MARK} c"
    assert marked("a {{- b -}} c") == "a {{- b -}} c"


def test_literals_are_what_stands_between_tags() -> None:
    assert literals("a {{ b }} c {% if d %}e{% endif %}") == ["a ", " c ", "e", ""]
