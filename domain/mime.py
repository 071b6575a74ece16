"""The body of an email: text and HTML side by side (RFC 2046, 5.1.4), or text alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from domain.quoted_printable import base64_lines, mostly_not_ascii, piece
from domain.template import Pieces, Template
from domain.template_tags import Layout, Tags

_VERSION = b"MIME-Version: 1.0\r\n"


@dataclass(frozen=True, slots=True)
class Part:
    """How one part is written: its headers, and what of it is the same for everybody, encoded already."""

    headers: bytes
    as_base64: bool
    encoded: Mapping[str, bytes]  #: fixed pieces in quoted-printable; empty for base64

    @classmethod
    def of(cls, subtype: str, fixed: Set[str]) -> Self:
        """The part for a template with these fixed pieces; base64 when they are in a script other than Latin."""
        as_base64 = mostly_not_ascii("".join(fixed))
        encoding = "base64" if as_base64 else "quoted-printable"
        headers = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n"
        return cls(headers.encode(), as_base64, {} if as_base64 else {text: piece(text) for text in fixed})

    def body(self, pieces: list[str], own: dict[str, bytes]) -> list[bytes]:
        """The part's content for one person, to be joined: once, with all the rest, for it is long.

        `own` keeps the person's encoded values, here and from one part to the next: the same value stands in many
        places (each tracked link begins with it).
        """
        if self.as_base64:
            return [base64_lines("".join(pieces))]
        own.update((text, piece(text)) for text in {*pieces} - self.encoded.keys() - own.keys())
        encoded = self.encoded.get
        return _hard_ended([encoded(text) or own[text] for text in pieces])


@dataclass(frozen=True, slots=True)
class Form:
    """One part of a template in which only values change from person to person, encoded already but for them."""

    layout: Layout
    as_base64: bool
    pieces: list[bytes]  #: fixed ones, and nothing yet where a value belongs

    @classmethod
    def of(cls, part: Part, layout: Layout) -> Self:
        """The form for a part that is laid out like this."""
        pieces = [b""] * (2 * len(layout.fixed) - 1)
        pieces[::2] = [part.encoded.get(text, b"") for text in layout.fixed]
        return cls(layout, part.as_base64, pieces)

    def filled(self, values: Sequence[str], encoded: Sequence[bytes]) -> list[bytes]:
        """The part's content for one person: what `Part.body` makes of the same, with nothing to look up."""
        if self.as_base64:
            return [base64_lines("".join(self.layout.pieces(values)))]
        pieces = self.pieces.copy()
        pieces[1::2] = map(encoded.__getitem__, self.layout.places)
        return _hard_ended(pieces)


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms of a template, and its tags: what the quick way needs to write a body."""

    tags: Tags
    text: Form
    html: Form | None
    tracked: Form | None

    @classmethod
    def of(cls, tags: Tags, text: Part, html: Part | None) -> Self:
        """The forms for a template with these tags."""
        untracked = Form.of(html, tags.html) if html and tags.html else None
        tracked = Form.of(html, tags.tracked) if html and tags.tracked else None
        return cls(tags, Form.of(text, tags.text), untracked, tracked)

    def filled(self, values: Sequence[str], *, tracked: bool) -> tuple[list[bytes], list[bytes] | None]:
        """Text and HTML with what the tags say for one person; each value is encoded once."""
        own = {text: piece(text) for text in {*values}}
        encoded = [own[text] for text in values]
        html = self.tracked if tracked else self.html
        return self.text.filled(values, encoded), html.filled(values, encoded) if html else None


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The body without the people."""

    headers: bytes  #: MIME-Version and what belongs to it, for the head of the email
    text: Part
    html: Part | None
    forms: Forms | None  #: None for a template that is rendered as a whole
    lines: tuple[bytes, bytes, bytes]  #: what stands before the text, between text and HTML, and at the end

    @classmethod
    def of(cls, template: Template, *, seed: str) -> Self:
        """The skeleton for a template. The boundary follows from `seed` and the template's text."""
        text = Part.of("plain", template.fixed_text)
        html = Part.of("html", template.fixed_html) if template.has_html else None
        forms = Forms.of(template.tags, text, html) if template.tags else None
        if html is None:
            return cls(_VERSION + text.headers, text, None, forms, (b"", b"", b""))
        boundary = _boundary(seed, template)
        alternative = b'Content-Type: multipart/alternative;\r\n boundary="' + boundary + b'"\r\n'
        return cls(_VERSION + alternative, text, html, forms, _lines(boundary, text, html))

    def body(self, pieces: Pieces) -> bytes:
        """The body with one person's pieces in it."""
        own: dict[str, bytes] = {}
        text = self.text.body(pieces.text, own)
        html = self.html.body(pieces.html, own) if self.html and pieces.html is not None else None
        return self.joined(text, html)

    def joined(self, text: list[bytes], html: list[bytes] | None) -> bytes:
        """The body with these parts."""
        if html is None:
            return _without_empty_end(b"".join(text))
        before_text, before_html, end = self.lines
        return b"".join((before_text, *text, before_html, *html, end))


def _lines(boundary: bytes, text: Part, html: Part) -> tuple[bytes, bytes, bytes]:
    line = b"--" + boundary
    return (
        line + b"\r\n" + text.headers + b"\r\n",
        b"\r\n" + line + b"\r\n" + html.headers + b"\r\n",
        b"\r\n" + line + b"--\r\n",
    )


def _hard_ended(pieces: list[bytes]) -> list[bytes]:
    """A soft line break must be followed by a line (RFC 2045, 6.7, note on robustness): the last one is a hard one."""
    while pieces and not pieces[-1]:
        pieces.pop()
    if pieces and pieces[-1].endswith(b"=\r\n"):
        pieces[-1] = pieces[-1][:-3] + b"\r\n"
    return pieces


def _without_empty_end(body: bytes) -> bytes:
    """The body in DKIM's relaxed form (RFC 6376, 3.4.4), which has no empty lines at the end."""
    ended = body.rstrip(b"\r\n")
    return ended + b"\r\n" if ended else b""


def _boundary(seed: str, template: Template) -> bytes:
    """`=_` can appear neither in quoted-printable nor in base64, so no text can contain the boundary."""
    text = "\0".join((seed, *sorted(template.fixed_html | template.fixed_text)))
    return b"=_" + sha256(text.encode("utf-8", "replace")).hexdigest()[:24].encode()
