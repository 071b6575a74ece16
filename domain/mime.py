"""The body of an email: text and HTML side by side (RFC 2046, 5.1.4), or text alone."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from domain.quoted_printable import base64_lines, mostly_not_ascii, piece
from domain.template import Pieces, Template

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

    def body(self, pieces: list[str]) -> bytes:
        """The part's content for one person."""
        if self.as_base64:
            return base64_lines("".join(pieces))
        # The same value stands in many places (each tracked link begins with it): encoded once an email.
        own = {text: piece(text) for text in {*pieces} - self.encoded.keys()}
        encoded = self.encoded.get
        body = b"".join([encoded(text) or own[text] for text in pieces])
        # A soft line break must be followed by a line (RFC 2045, 6.7, note on robustness): the last one is a hard one.
        return body[:-3] + b"\r\n" if body.endswith(b"=\r\n") else body


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The body without the people."""

    headers: bytes  #: MIME-Version and what belongs to it, for the head of the email
    text: Part
    html: Part | None
    boundary: bytes

    @classmethod
    def of(cls, template: Template, *, seed: str) -> Self:
        """The skeleton for a template. The boundary follows from `seed` and the template's text."""
        text = Part.of("plain", template.fixed_text)
        if not template.has_html:
            return cls(_VERSION + text.headers, text, None, b"")
        boundary = _boundary(seed, template)
        alternative = b'Content-Type: multipart/alternative;\r\n boundary="' + boundary + b'"\r\n'
        return cls(_VERSION + alternative, text, Part.of("html", template.fixed_html), boundary)

    def body(self, pieces: Pieces) -> bytes:
        """The body with one person's pieces in it."""
        text = self.text.body(pieces.text)
        if self.html is None or pieces.html is None:
            return _without_empty_end(text)
        line = b"--" + self.boundary
        html = self.html.body(pieces.html)
        head_of_text = line + b"\r\n" + self.text.headers + b"\r\n"
        head_of_html = b"\r\n" + line + b"\r\n" + self.html.headers + b"\r\n"
        return b"".join((head_of_text, text, head_of_html, html, b"\r\n", line, b"--\r\n"))


def _without_empty_end(body: bytes) -> bytes:
    """The body in DKIM's relaxed form (RFC 6376, 3.4.4), which has no empty lines at the end."""
    ended = body.rstrip(b"\r\n")
    return ended + b"\r\n" if ended else b""


def _boundary(seed: str, template: Template) -> bytes:
    """`=_` can appear neither in quoted-printable nor in base64, so no text can contain the boundary."""
    text = "\0".join((seed, *sorted(template.fixed_html | template.fixed_text)))
    return b"=_" + sha256(text.encode("utf-8", "replace")).hexdigest()[:24].encode()
