"""From the HTML that somebody wrote to the HTML that mail programs show. Merge tags come through unharmed."""

import html
import re
from collections.abc import Callable

import css_inline
from resiliparse.extract.html2text import extract_plain_text

from domain.merge_tags import TOKEN, as_words, hidden, holds_hidden, shown

_STYLES = re.compile(r"<style\b", re.IGNORECASE)
#: To the end of a tag, or of the text: one that is never closed is found once, not looked for from every other one.
_TO_ITS_END = r"\b(?:[^>\"']|\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z))*+(?:>|\Z)"
_BODY = re.compile(rf"<body{_TO_ITS_END}", re.IGNORECASE)
_BODY_END = re.compile(r"</body\s*>(?!.*</body)", re.IGNORECASE | re.DOTALL)
_LINK = re.compile(rf"<(?:a|area){_TO_ITS_END}", re.IGNORECASE)
_HREF = re.compile(r"(\shref\s*=\s*)(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_TABLE_ROW, _CELLS_END = re.compile(r"[^\n]*\t[^\n]*"), re.compile(r"[ \t]*\t[ \t]*")
_LINE_CHARS = 78  # RFC 5322, 2.1.1
_OPENING_BRACES = re.compile(rf"\{{(?=[{{%#]|(?:<!--)?{TOKEN})")
_HIDDEN_STYLE = (
    "display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden;mso-hide:all"
)


def inlined(source: str) -> str:
    """The HTML with the rules of its style elements on the elements themselves, where Gmail and Outlook obey them."""
    if not _STYLES.search(source):
        return source
    safe, tags = hidden(source)
    inliner = css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)
    return shown(_without_new_tags(inliner.inline(safe)), tags)


def with_preheader(source: str, preheader: str) -> str:
    """The HTML with the preheader first in its body: shown beside the subject in the inbox, hidden in the email."""
    if not preheader.strip():
        return source
    return at_body_start(source, f'<div style="{_HIDDEN_STYLE}">{preheader}</div>')


def at_body_start(source: str, insert: str) -> str:
    """The HTML with something right after `<body>`, or at its start when there is none."""
    safe, tags = hidden(source)
    body = _BODY.search(safe)
    end = body.end() if body and body[0].endswith(">") else 0
    return shown(safe[:end], tags) + insert + shown(safe[end:], tags)


def at_body_end(source: str, insert: str) -> str:
    """The HTML with something right before `</body>`, or at its end when there is none."""
    end = _BODY_END.search(source)
    return source + insert if end is None else source[: end.start()] + insert + source[end.start() :]


def links(source: str) -> tuple[str, ...]:
    """The web addresses that the HTML links to, each once, in order; those with merge fields in them left out."""
    found: dict[str, None] = {}

    def note(url: str) -> str | None:
        found.setdefault(url)
        return None

    with_links(source, note)
    return tuple(found)


def with_links(source: str, new: Callable[[str], str | None]) -> str:
    """The HTML with each fixed web link as `new` has it; None leaves it alone. Nothing else changes by a byte."""
    safe, tags = hidden(source)

    def href(match: re.Match[str]) -> str:
        written = next(group for group in match.groups()[1:] if group is not None)
        url = html.unescape(written).strip()
        if holds_hidden(url) or not url.lower().startswith(("http://", "https://")):
            return match[0]
        target = new(url)
        return match[0] if target is None else f'{match[1]}"{target}"'

    def link(match: re.Match[str]) -> str:
        return _HREF.sub(href, match[0], count=1) if match[0].endswith(">") else match[0]

    return shown(_LINK.sub(link, safe), tags)


def text_of(source: str) -> str:
    """The text part that says what the HTML says; links follow their words in brackets."""
    text = str(extract_plain_text(source, links=True, alt_texts=True)).strip() + "\n"
    return _TABLE_ROW.sub(_row, text) if "\t" in text else text


def _row(match: re.Match[str]) -> str:
    """A row of a table as one line, or as one line per cell when it is too long to be read as one."""
    row = _CELLS_END.sub("  ", match[0])
    return row if len(row) <= _LINE_CHARS else _CELLS_END.sub("\n", match[0])


def text_template_of(source: str) -> str:
    """The same for HTML with merge fields: a text template. Not for loops and conditions, which a parser would move."""
    words, tags = as_words(source)
    return shown(_without_new_tags(text_of(words)), tags)


def _without_new_tags(parsed: str) -> str:
    """What a parser wrote, where braces that it brought together stay characters."""
    return _OPENING_BRACES.sub('{{ "{" }}', parsed)
