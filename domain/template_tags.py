"""The quick way to a person's email: only a template's tags are rendered, each once; its own text is written already.

For templates in which nothing but values changes from person to person: no condition or loop in HTML and text, and no
tag that takes blanks away. That is most of them. What can't be told this way is left to the whole template's rendering,
which says the same to the byte, or why it can't be said.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

import minijinja

from domain.merge_tags import MARK, is_straight, literals, tags
from domain.template_engine import FAILURES, MAX_RENDERED_CHARS, engine
from domain.values import Value

_TAGS = "tags.txt"


@dataclass(frozen=True, slots=True)
class Layout:
    """One part of a template: its own text, and between two pieces of that the value of a tag."""

    fixed: tuple[str, ...]
    places: tuple[int, ...]  #: of the tags' values among those that `Tags.values` gives; one fewer than fixed pieces

    def pieces(self, values: Sequence[str]) -> list[str]:
        """Text and values in turn: what `Template.pieces` gives."""
        told = zip_longest(self.fixed, (values[place] for place in self.places), fillvalue="")
        return list(chain.from_iterable(told))[:-1]


@dataclass(frozen=True, slots=True)
class Tags:
    """All tags of a template, each once, and where in its parts they stand."""

    html: Layout | None
    tracked: Layout | None
    text: Layout
    names: tuple[str, ...]  #: what the tags read
    values_count: int
    most_chars: int  #: longer values may make a part too long: the whole template's rendering counts
    environment: minijinja.Environment

    def values(self, values: Mapping[str, Value]) -> list[str] | None:
        """What each tag says for these values, the subject first; None when the quick way can't tell."""
        context = {name: value for name in self.names if (value := values.get(name)) is not None and value != ""}
        try:
            rendered = self.environment.render_template(_TAGS, **context)
        except FAILURES:
            return None
        told = rendered.split(MARK)
        # a value that holds a mark makes one too many
        return told if len(told) == self.values_count and len(rendered) <= self.most_chars else None


def tags_of(subject: str, html: str | None, tracked: str | None, text: str | None) -> Tags | None:
    """The tags of a template that is ready to be compiled, or None for one that needs to be rendered as a whole."""
    parts = [part for part in (html, tracked, text) if part is not None]
    if text is None or not all(map(is_straight, parts)):
        return None
    plain, escaped = _distinct(text), _distinct(html or "", tracked or "")
    # an environment of its own: the parts' limit of steps does not depend on this template, nor its on theirs
    environment = engine({_TAGS: _source([subject, *plain], escaped)})
    first_escaped = 1 + len(plain)
    return Tags(
        html=None if html is None else _layout(html, escaped, first_escaped),
        tracked=None if tracked is None else _layout(tracked, escaped, first_escaped),
        text=_layout(text, plain, 1),
        names=tuple(sorted(environment.undeclared_variables_in_template(_TAGS))),
        values_count=first_escaped + len(escaped),
        most_chars=min(map(_most_chars, (subject, *parts))),
        environment=environment,
    )


def _distinct(*sources: str) -> list[str]:
    return list(dict.fromkeys(chain.from_iterable(map(tags, sources))))


def _source(plain: Iterable[str], escaped: Sequence[str]) -> str:
    """A template of these tags alone, with a mark between two of them; the latter are escaped for HTML."""
    told = MARK.join(plain)
    return f'{told}{MARK}{{% autoescape "html" %}}{MARK.join(escaped)}{{% endautoescape %}}' if escaped else told


def _layout(source: str, known: Sequence[str], first: int) -> Layout:
    places = {tag: place for place, tag in enumerate(known, first)}
    return Layout(tuple(literals(source)), tuple(places[tag] for tag in tags(source)))


def _most_chars(source: str) -> int:
    """How long all values together may be, for this part to stay below the limit even if each place shows all of it."""
    count = len(tags(source))
    return (MAX_RENDERED_CHARS - len(source) - count * len(MARK + MARK)) // (count + 1)
