"""HTML tooling that leaves merge tags alone (deliverability.md 3, the traps)."""

import pytest

from domain.template_html import (
    at_body_end,
    at_body_start,
    inlined,
    links,
    text_of,
    text_template_of,
    with_links,
    with_preheader,
)


def test_styles_go_onto_elements_and_media_queries_stay() -> None:
    source = "<style>p{color:red}@media (max-width:480px){p{color:blue}}</style><p>x</p>"
    done = inlined(source)
    assert '<p style="color: red;">' in done
    assert "@media" in done


def test_a_loop_between_table_rows_stays_where_it_is() -> None:
    source = "<style>td{color:red}</style><table>{% for i in rows %}<tr><td>{{ i }}</td></tr>{% endfor %}</table>"
    done = inlined(source)
    assert "<table>" in done
    assert done.index("<table>") < done.index("{% for i in rows %}") < done.index("<tr>") < done.index("{% endfor %}")
    assert done.index("{% endfor %}") < done.index("</table>")


def test_tags_in_attributes_titles_and_comments_come_through() -> None:
    source = (
        "<html><head><title>{{ t }}</title><style>a{color:red}</style></head>"
        '<body><!--[if mso]>{{ m }}<![endif]--><a href="https://x.example/?a={{ a }}" '
        "title=\"{{ b | default('<') }}\">x</a></body></html>"
    )
    done = inlined(source)
    for kept in ("<title>{{ t }}</title>", "<!--[if mso]>{{ m }}<![endif]-->", "?a={{ a }}", "{{ b | default('<') }}"):
        assert kept in done


def test_html_without_styles_is_not_touched() -> None:
    assert inlined("<P>x") == "<P>x"


def test_the_preheader_comes_first_in_the_body() -> None:
    done = with_preheader('<html><body class="a>b"><p>x</p></body></html>', "{{ pre }}")
    assert done.startswith('<html><body class="a>b"><div style="display:none')
    assert "{{ pre }}</div><p>x</p>" in done
    assert with_preheader("<p>x</p>", " ") == "<p>x</p>"


def test_without_a_body_tag_inserts_go_to_the_ends() -> None:
    assert at_body_start("<p>x</p>", "A") == "A<p>x</p>"
    assert at_body_end("<p>x</p>", "B") == "<p>x</p>B"
    assert at_body_end("<body>x</BODY ></html>", "B") == "<body>xB</BODY ></html>"


def test_links_are_listed_once_each_without_those_that_need_values() -> None:
    source = (
        "<a href=\"https://a.example/?x=1&amp;y=2\">1</a><A HREF='http://b.example'>2</A>"
        "<a href=https://a.example/?x=1&amp;y=2>3</a>"
        '<a href="mailto:x@y.example">4</a><a href="{{ unsubscribe_url }}">5</a>'
        '<a href="https://c.example/{{ id }}">6</a>'
        '<area href="https://d.example"><a name="x">7</a><img src="https://e.example/i.png">'
    )
    assert links(source) == ("https://a.example/?x=1&y=2", "http://b.example", "https://d.example")


def test_only_the_links_change() -> None:
    source = "<p  class=x>{% if a %}<a data-x='>' href='https://a.example'  title=t >A</a>{% endif %}&nbsp;"
    assert with_links(source, lambda url: "NEW") == source.replace("'https://a.example'", '"NEW"')
    assert with_links(source, lambda url: None) == source


def test_text_names_the_targets_of_links_and_the_contents_of_images() -> None:
    text = text_of('<h1>T</h1><p>a<br>b</p><a href="https://x.example">go</a><img src="i" alt="a picture">')
    assert "go (https://x.example)" in text
    assert "a picture" in text
    assert "a\nb" in text


def test_rows_of_a_table_are_lines_and_long_ones_are_a_line_per_cell() -> None:
    assert text_of("<table><tr><td>Tea</td><td>2.50</td></tr></table>") == "Tea  2.50\n"
    cells = "".join(f'<td><a href="https://survey.example/score?n={number}">{number}</a></td>' for number in (1, 2, 3))
    assert text_of(f"<table><tr>{cells}</tr></table>").splitlines() == [
        f"{number} (https://survey.example/score?n={number})" for number in (1, 2, 3)
    ]


@pytest.mark.parametrize("opened", ["<a ", '<a "', "<a \"'", "<area href='", "<body ", '<body "'])
def test_a_hundred_thousand_tags_that_never_end_are_read_once(opened: str) -> None:
    source = opened * 100_000  # minutes, if each were looked for to the end
    assert links(source) == ()
    assert at_body_start(source, "A") == "A" + source


def test_a_link_that_never_ends_is_none() -> None:
    assert with_links('<p><a href="https://a.example"', lambda url: "NEW") == '<p><a href="https://a.example"'


def test_a_text_template_keeps_its_merge_tags() -> None:
    assert text_template_of('<p>{{ a }} <a href="{{ b }}">go</a></p>') == "{{ a }} go ({{ b }})\n"
