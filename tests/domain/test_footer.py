"""R37: organisation, postal address and the way out stand in every email."""

import pytest

from domain.errors import TemplateInvalid
from domain.footer import lacks_footer, with_footer
from domain.template import TemplateSource, compiled

FOOTED = "{{ organisation_name }} {{ organisation_postal_address }} {{ unsubscribe_url }}"


def test_r37_a_template_of_ones_own_gets_our_footer() -> None:
    source = with_footer(TemplateSource("s", html="<body><p>x</p></body>", text="x"))
    assert not lacks_footer(source.html or "")
    assert not lacks_footer(source.text or "")
    assert (source.html or "").endswith("</div>\n</body>")
    assert compiled(source).uses == {"organisation_name", "organisation_postal_address", "unsubscribe_url"}


def test_r37_a_footer_that_is_there_is_left_alone() -> None:
    source = TemplateSource("s", html=f"<p>{FOOTED}</p>", text=FOOTED)
    assert with_footer(source) == source


def test_adding_a_footer_twice_adds_one() -> None:
    once = with_footer(TemplateSource("s", text="x"))
    assert with_footer(once) == once


def test_a_tag_that_never_ends_does_not_take_the_footer_in() -> None:
    with pytest.raises(TemplateInvalid, match=r"text, line 2: .* never ends"):
        with_footer(TemplateSource("s", text="Hello\n{{ first_name"))
