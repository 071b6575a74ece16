"""Merge fields as they stand in a template's source: `{{ first_name }}`, `{% if … %}`, `$[FIRST_NAME|friend]$`."""

import html
import re
from collections.abc import Iterator

from domain.errors import TemplateInvalid

#: One tag of minijinja. Quoted text may hold the closing braces.
_STRING = r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
TAG = re.compile(
    rf"\{{\{{(?:{_STRING}|[^\"'}}]|\}}(?!\}}))*\}}\}}"
    rf"|\{{%(?:{_STRING}|[^\"'%]|%(?!\}}))*%\}}"
    r"|\{#.*?#\}",
    re.DOTALL,
)
#: The same, and what begins like one and never ends. It matches wherever a tag opens, so that a text is read once
#: however many of them are open; `TAG` alone would read on to the end from each.
_OPEN_STRING = r"\"(?:\\(?:.|\Z)|[^\"\\])*+(?:\"|\Z)|'(?:\\(?:.|\Z)|[^'\\])*+(?:'|\Z)"
_TAG_OR_OPEN = re.compile(
    rf"\{{\{{(?:{_OPEN_STRING}|[^\"'}}]|\}}(?!\}}))*+(?P<value>\}}\}}|\Z)"
    rf"|\{{%(?:{_OPEN_STRING}|[^\"'%]|%(?!\}}))*+(?P<block>%\}}|\Z)"
    r"|\{#(?:[^#]|#(?!\}))*+(?P<comment>#\}|\Z)",
    re.DOTALL,
)
_PIPED = re.compile(r"\$\[((?:(?!\$\[|\]\$).)*+)\]\$", re.DOTALL)
_PIPED_FIELD = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:\|(.*))?", re.DOTALL)
#: Stands around tags in rendered text, so that what the template wrote and what a person brought can be told apart.
#: A noncharacter: Unicode reserves it for use inside one program (Unicode 16.0, 23.7).
MARK = "\ufdd0"
TOKEN = "qzmerge"  #: what stands for a tag begins with it
#: The comment that stands for a tag in text ends otherwise than the word: a tag may fill a comment of the author's own.
_HIDDEN = re.compile(rf"<!--{TOKEN}(\d+)t-->|{TOKEN}(\d+)q(?:=\"\")?")


def check_closed(source: str, place: str) -> None:
    """Refuses what the other functions here would take for text, slowly.

    Raises:
        TemplateInvalid: a tag is opened and never closed.
    """
    for tag in _TAG_OR_OPEN.finditer(source):
        if not any(tag.groups()):
            line = source.count("\n", 0, tag.start()) + 1
            raise TemplateInvalid(f"{place}, line {line}: {tag[0][:30]!r} begins a merge tag that never ends")


def translated(source: str, place: str, *, is_html: bool = False) -> str:
    """The source with each `$[FIELD|fallback]$` as the minijinja tag that means the same.

    Fields are called by their names here, which have small letters: `$[FIRST_NAME]$` is `first_name`.

    Raises:
        TemplateInvalid: what stands between `$[` and `]$` is not a field name with or without a fallback.
    """

    def tag(match: re.Match[str]) -> str:
        field = _PIPED_FIELD.fullmatch(match[1])
        if field is None:
            line = source.count("\n", 0, match.start()) + 1
            raise TemplateInvalid(f"{place}, line {line}: {match[0][:60]!r} does not name a merge field")
        return _tag(field[1].lower(), html.unescape(field[2] or "") if is_html else field[2] or "")

    return _PIPED.sub(tag, source)


def _tag(field: str, fallback: str) -> str:
    if not fallback:
        return f"{{{{ {field} }}}}"
    literal = fallback.replace("\\", "\\\\").replace('"', '\\"')
    return f'{{{{ {field} | default("{literal}", true) }}}}'


def marked(source: str) -> str:
    """The source with a mark on both sides of each tag. Rendered and split there, it gives its own text piece by piece.

    A side where the tag takes blanks away (`{{-`, `-}}`) gets none: the mark would stand between it and the blanks.
    """
    return TAG.sub(_marked_tag, source)


def _marked_tag(tag: re.Match[str]) -> str:
    before = "" if tag[0][2] == "-" else MARK
    after = "" if tag[0][-3] == "-" else MARK
    return f"{before}{tag[0]}{after}"


def literals(source: str) -> list[str]:
    """What stands between the tags: the same for everybody."""
    return TAG.split(source)


def tags(source: str) -> list[str]:
    """What stands between the literals, comments among it."""
    return TAG.findall(source)


def has_blocks(source: str) -> bool:
    """Whether a loop or a condition decides what is written."""
    return "{%" in source


def is_straight(source: str) -> bool:
    """Whether its literals come out as they are, each once, with the value of a tag between two of them."""
    return not has_blocks(source) and not any(tag[2] == "-" or tag[-3] == "-" for tag in tags(source))


def hidden(source: str) -> tuple[str, list[str]]:
    """HTML with its tags out of an HTML parser's sight, and the tags, for `shown`.

    In text a tag becomes a comment, which may stand anywhere, between table rows too (a parser would move the
    tag itself out of the table). Within an element's tag, a comment, or raw text it becomes a plain word.
    """
    tags: list[str] = []
    place = _Place()
    out = []
    for kind, text in _pieces(source):
        if kind == "tag":
            word = f"{TOKEN}{len(tags)}"
            out.append(f"<!--{word}t-->" if place.is_text else f"{word}q")
            tags.append(text)
        else:
            place.pass_over(text)
            out.append(text)
    return "".join(out), tags


def as_words(source: str) -> tuple[str, list[str]]:
    """HTML with each tag as a plain word wherever it stands, so that it survives as text."""
    tags: list[str] = []

    def word(tag: re.Match[str]) -> str:
        tags.append(tag[0])
        return f"{TOKEN}{len(tags) - 1}q"

    return TAG.sub(word, source), tags


def shown(source: str, tags: list[str]) -> str:
    """The source with its tags back in their places."""
    return _HIDDEN.sub(lambda match: tags[int(match[1] or match[2])], source)


def holds_hidden(text: str) -> bool:
    """Whether a piece of hidden source has a tag in it."""
    return TOKEN in text


def _pieces(source: str) -> Iterator[tuple[str, str]]:
    start = 0
    for tag in TAG.finditer(source):
        yield "literal", source[start : tag.start()]
        yield "tag", tag[0]
        start = tag.end()
    yield "literal", source[start:]


class _Place:
    """Where in HTML the reader is: in text, in an element's tag, in a comment, in raw text such as a style."""

    _STEP = re.compile(r"<!--|-->|</?(?:style|script|title|textarea)\b|<[A-Za-z/!]|[>\"']", re.IGNORECASE)

    def __init__(self) -> None:
        self._inside = ""  # "", "tag", "comment", or the name of a raw element
        self._quote = ""
        self._raw_follows = ""

    @property
    def is_text(self) -> bool:
        return not self._inside

    def pass_over(self, literal: str) -> None:
        for step in self._STEP.finditer(literal):
            self._take(step[0].lower())

    def _take(self, step: str) -> None:
        if self._inside == "comment":
            self._inside = "" if step == "-->" else "comment"
        elif self._inside == "tag":
            self._take_in_tag(step)
        elif self._inside:
            self._inside = "tag" if step == f"</{self._inside}" else self._inside
        elif step == "<!--":
            self._inside = "comment"
        elif step.startswith("<"):
            self._inside = "tag"
            self._raw_follows = step[1:] if step[1:] in {"style", "script", "title", "textarea"} else ""

    def _take_in_tag(self, step: str) -> None:
        if self._quote:
            self._quote = "" if step == self._quote else self._quote
        elif step in "\"'":
            self._quote = step
        elif step in {">", "-->"}:
            self._inside, self._raw_follows = self._raw_follows, ""
