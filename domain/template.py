"""What a campaign says, with places for each person's values, and how it is rendered.

Merge fields are minijinja tags: `{{ first_name | default("friend") }}`, or `$[FIRST_NAME|friend]$`. An empty value
counts as missing. Of statements there are `if`, `for` over a field and `raw`. Templates get plain data only and a
limited number of steps: they can't reach into the program, nor keep it busy (template_engine.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import minijinja

from domain.content_failure import ContentFailed
from domain.errors import TemplateInvalid
from domain.merge_tags import MARK, has_blocks, literals, marked, translated
from domain.reserved_fields import RESERVED
from domain.template_engine import FAILURES, MAX_RENDERED_CHARS, cause, check, check_size, engine
from domain.template_html import (
    at_body_start,
    inlined,
    links,
    text_of,
    text_template_of,
    with_links,
    with_preheader,
)
from domain.template_markup import check_markup
from domain.template_tags import Tags, tags_of
from domain.values import Value

_SUBJECT, _HTML, _TRACKED, _TEXT = "subject.txt", "body.html", "tracked.html", "body.txt"
_PIXEL = '<img src="{{ open_url }}" alt="" width="1" height="1" style="display:block;border:0">'


@dataclass(frozen=True, slots=True)
class TemplateSource:
    """A template as it was written."""

    subject: str
    preheader: str = ""
    html: str | None = None
    text: str | None = None  #: derived from the HTML when None


@dataclass(frozen=True, slots=True)
class Rendered:
    """A template with one person's values in it."""

    subject: str
    html: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Pieces:
    """The same, cut where the template's own text and the person's values meet."""

    subject: str
    html: list[str] | None
    text: list[str]


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template. Rendering changes nothing in it."""

    fields: frozenset[str]  #: contact fields that it reads, reserved names left out
    uses: frozenset[str]  #: reserved names that it reads
    links: tuple[str, ...]  #: fixed web links of the HTML, each once; click number n is links[n]
    fixed_html: frozenset[str]  #: pieces that come out the same for everybody, worth encoding once
    fixed_text: frozenset[str]  #: the same of the text part
    tags: Tags | None  #: the quick way, for a template in which only values change; None: it is rendered as a whole
    has_html: bool
    has_text: bool  #: otherwise the text is derived from each person's HTML
    environment: minijinja.Environment

    def render(self, values: Mapping[str, Value], *, tracked: bool = False) -> Rendered:
        """The template with these values; tracked means links through `click_url` and a pixel at `open_url`.

        Raises:
            ContentFailed: the template fails for these values.
        """
        pieces = self.pieces(values, tracked=tracked)
        html = "".join(pieces.html) if pieces.html is not None else None
        return Rendered(pieces.subject, html, "".join(pieces.text))

    def pieces(self, values: Mapping[str, Value], *, tracked: bool = False) -> Pieces:
        """What `render` gives, in pieces."""
        context: dict[str, Value] = {name: value for name, value in values.items() if value is not None and value != ""}
        subject = self._rendered(_SUBJECT, context).replace(MARK, "")
        html = self._rendered(_TRACKED if tracked else _HTML, context).split(MARK) if self.has_html else None
        return Pieces(subject, html, self._text_pieces(context, html, tracked=tracked))

    def _text_pieces(self, context: dict[str, Value], html: list[str] | None, *, tracked: bool) -> list[str]:
        if self.has_text:
            return self._rendered(_TEXT, context).split(MARK)
        plain = self._rendered(_HTML, context).replace(MARK, "") if tracked or html is None else "".join(html)
        return [text_of(plain)]

    def _rendered(self, name: str, context: dict[str, Value]) -> str:
        try:
            text = self.environment.render_template(name, **context)
        except FAILURES as failure:
            raise ContentFailed(f"{name}: {cause(failure)}") from failure
        if len(text) > MAX_RENDERED_CHARS:
            raise ContentFailed(f"{name}: more than {MAX_RENDERED_CHARS} characters")
        return text


def compiled(source: TemplateSource) -> Template:
    """The template, ready to be rendered any number of times.

    Raises:
        TemplateInvalid: something in it can't be rendered for anybody; the text says where and why.
    """
    written = translated_source(source)
    for place, text in _parts(written):
        check(place, text)
    if written.html is not None:
        check_markup("html", written.html)
    return _compiled(_finished(written), preheader=written.preheader)


def translated_source(source: TemplateSource) -> TemplateSource:
    """The source with one kind of merge field and one kind of newline.

    Raises:
        TemplateInvalid: a part is too large, or has a `$[…]$` that is none.
    """
    for place, text in _parts(source):
        check_size(place, text)
    return TemplateSource(
        subject=translated(_clean(source.subject), "subject"),
        preheader=translated(_clean(source.preheader), "preheader", is_html=True),
        html=None if source.html is None else translated(_clean(source.html), "html", is_html=True),
        text=None if source.text is None else translated(_clean(source.text), "text"),
    )


def _clean(source: str) -> str:
    return source.replace("\r\n", "\n").replace("\r", "\n").replace(MARK, "")


def _parts(source: TemplateSource) -> list[tuple[str, str]]:
    parts = [("subject", source.subject), ("preheader", source.preheader)]
    parts += [(place, text) for place, text in (("html", source.html), ("text", source.text)) if text is not None]
    if len(parts) == 2:
        raise TemplateInvalid("html, text: a template needs one of them")
    return parts


def _finished(source: TemplateSource) -> TemplateSource:
    """The source with styles inlined, and with a text part unless that can only be told from each person's HTML."""
    if source.html is None:
        return source
    html = inlined(source.html)
    text = source.text
    if text is None and not has_blocks(html):
        text = text_template_of(html)
    return TemplateSource(source.subject, source.preheader, html, text)


def _compiled(source: TemplateSource, *, preheader: str) -> Template:
    shown = None if source.html is None else with_preheader(source.html, preheader)
    tracked = None if shown is None else _tracked(shown)
    sources = {_SUBJECT: source.subject, _HTML: shown, _TRACKED: tracked, _TEXT: source.text}
    present = {name: text for name, text in sources.items() if text is not None}
    environment = engine({name: marked(text) for name, text in present.items()})
    names = _names(environment, [name for name in present if name != _TRACKED])
    return Template(
        fields=names - RESERVED,
        uses=names & RESERVED,
        links=() if shown is None else links(shown),
        fixed_html=_fixed(shown, tracked),
        fixed_text=_fixed(source.text),
        tags=tags_of(source.subject, shown, tracked, source.text),
        has_html=shown is not None,
        has_text=source.text is not None,
        environment=environment,
    )


def _fixed(*sources: str | None) -> frozenset[str]:
    return frozenset(piece for source in sources if source is not None for piece in literals(source) if piece)


def _tracked(html: str) -> str:
    """The HTML with counted links and the pixel, near the top, where Gmail's clipping does not reach it."""
    numbers = {url: number for number, url in enumerate(links(html))}
    counted = with_links(html, lambda url: f"{{{{ click_url }}}}/{numbers[url]}")
    return at_body_start(counted, _PIXEL)


def _names(environment: minijinja.Environment, templates: list[str]) -> frozenset[str]:
    found = (environment.undeclared_variables_in_template(name) for name in templates)
    return frozenset().union(*found) - frozenset(environment.globals)
