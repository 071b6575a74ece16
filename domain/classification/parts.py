"""A mail as headers and parts: a reader that stops at limits instead of failing, and takes what is broken as it is.

The standard library's parser recurses as deep as a mail nests and keeps all of it; this one looks at the first
`MAX_BYTES`, `MAX_DEPTH` levels and `MAX_PARTS` parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from domain.classification.decoding import text_of, transfer_decoded, without_tags, words_decoded

MAX_BYTES = 1 << 20
MAX_DEPTH = 8
MAX_PARTS = 64
MAX_HEADERS = 300
MAX_HEADER_BYTES = 64 << 10
MAX_VALUE = 4096  #: characters of one header that are kept

_FIELD = re.compile(rb"([!-9;-~]{1,80})[ \t]{0,10}:")
_PARAMETER = re.compile(r";\s{0,20}([a-z-]{1,30})\s{0,5}=\s{0,5}(\"[^\"]{0,200}\"|[^;\s]{1,200})", re.IGNORECASE)


class Headers:
    """Header fields in order; names in any case."""

    __slots__ = ("_fields",)

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._fields = fields

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)

    def __bool__(self) -> bool:
        return bool(self._fields)

    def __contains__(self, name: str) -> bool:
        return any(known == name for known, _ in self._fields)

    def all(self, name: str) -> list[str]:
        return [value for known, value in self._fields if known == name]

    def get(self, name: str) -> str:
        """The first value, as it came; empty where there is none."""
        return next((value for known, value in self._fields if known == name), "")

    def text(self, name: str) -> str:
        """The first value with its encoded words read."""
        return words_decoded(self.get(name))


@dataclass(frozen=True, slots=True)
class Part:
    headers: Headers
    body: bytes
    type: str  #: "text/plain"; lower case
    parameters: dict[str, str] = field(default_factory=dict)
    children: tuple[Part, ...] = ()
    returned: bool = False  #: it stands in a message that was attached

    def walk(self) -> Iterator[Part]:
        """This part and all below it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()

    def text(self) -> str:
        """Its words, decoded; those of HTML without the tags."""
        raw = transfer_decoded(self.body, self.headers.get("content-transfer-encoding"))
        text = text_of(raw, self.parameters.get("charset", ""))
        return without_tags(text) if self.type == "text/html" else text


def read_mail(raw: bytes) -> Part:
    """The mail, whatever it is: never raises."""
    text = raw[:MAX_BYTES].replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n\x00 ")
    if text.startswith((b"From ", b">From ")):
        text = text.partition(b"\n")[2]
    return _read(text, _Budget(MAX_PARTS), depth=0, returned=False)


def read_headers(text: bytes) -> tuple[Headers, bytes]:
    """Headers up to the first line that is none, and what follows. One blank line between them is left out."""
    fields: list[tuple[str, list[bytes]]] = []
    place, end = 0, len(text)
    while place < end:
        if len(fields) > MAX_HEADERS or place > MAX_HEADER_BYTES:
            blank = text.find(b"\n\n", place)
            place = end if blank < 0 else blank + 2
            break
        stop = text.find(b"\n", place)
        stop = end if stop < 0 else stop
        line = text[place:stop]
        if not line.strip():
            place = stop + 1
            break
        if line[:1] in b" \t" and fields:
            fields[-1][1].append(line)
        elif found := _FIELD.match(line):
            fields.append((found.group(1).decode("ascii").lower(), [line[found.end() :]]))
        else:
            break
        place = stop + 1
    return Headers([(name, _value(lines)) for name, lines in fields[:MAX_HEADERS]]), text[place:]


def _value(lines: list[bytes]) -> str:
    return text_of(b" ".join(line.strip() for line in lines)[:MAX_VALUE]).strip()


@dataclass(slots=True)
class _Budget:
    """How many more parts are read."""

    parts: int


def _read(text: bytes, budget: _Budget, depth: int, *, returned: bool) -> Part:
    headers, body = read_headers(text)
    kind, parameters = _content_type(headers)
    children: tuple[Part, ...] = ()
    if depth < MAX_DEPTH and kind.startswith("multipart/"):
        children = _pieces(body, parameters.get("boundary", ""), budget, depth, returned=returned)
    elif depth < MAX_DEPTH and kind in {"message/rfc822", "message/global", "message/partial"} and budget.parts > 0:
        budget.parts -= 1
        inner = body
        if headers.get("content-transfer-encoding").lower() in {"base64", "quoted-printable"}:
            inner = transfer_decoded(body, headers.get("content-transfer-encoding"))
        children = (_read(inner.lstrip(b"\n"), budget, depth + 1, returned=True),)
    if kind.startswith("multipart/") and not children:
        kind = "text/plain"
    return Part(headers, body, kind, parameters, children, returned)


def _pieces(body: bytes, boundary: str, budget: _Budget, depth: int, *, returned: bool) -> tuple[Part, ...]:
    mark = boundary.encode("utf-8", "replace") or _first_mark(body)
    if not mark:
        return ()
    found: list[Part] = []
    for chunk in _chunks(body, mark):
        if budget.parts <= 0:
            break
        budget.parts -= 1
        found.append(_read(chunk, budget, depth + 1, returned=returned))
    return tuple(found)


def _chunks(body: bytes, mark: bytes) -> list[bytes]:
    """What stands between lines that are the mark; longer lines that only begin like it are none."""
    chunks: list[list[bytes]] = []
    for piece in (b"\n" + body).split(b"\n--" + mark, MAX_PARTS * 4):
        if chunks and piece[:1] not in (b"", b"\n", b" ", b"\t", b"-"):
            chunks[-1] += (b"\n--" + mark, piece)
        else:
            chunks.append([piece])
    return [b"".join(chunk).partition(b"\n")[2] for chunk in chunks[1:] if not chunk[0].startswith(b"--")]


def _first_mark(body: bytes) -> bytes:
    """The mark that a multipart without a boundary seems to use."""
    line = body.lstrip(b"\n").partition(b"\n")[0].strip()
    return line[2:] if line.startswith(b"--") and len(line) > 4 else b""


def _content_type(headers: Headers) -> tuple[str, dict[str, str]]:
    value = headers.get("content-type")
    kind = value.partition(";")[0].strip().lower() or "text/plain"
    parameters: dict[str, str] = {}
    for name, given in _PARAMETER.findall(value):
        parameters.setdefault(name.lower(), given.strip('"'))
    return kind, parameters
