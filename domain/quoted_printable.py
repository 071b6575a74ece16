"""Quoted-printable (RFC 2045, 6.7) in pieces: what is written in the template is encoded once, values per person.

Every piece ends with a line break, a soft one if need be: pieces can be joined in any order, and no line grows over 76
characters. No line begins with a dot: SMTP has nothing to stuff (RFC 5321, 4.5.2). No blank stands before a line's end
or beside another one: DKIM's relaxed form of the body is the body as it is (RFC 6376, 3.4.4).
"""

import binascii
import re

_MAX_LINE = 76
#: What the C function lets stand, or, before a line's end, encodes without a look at the line's length.
_TROUBLED_BLANK = re.compile(rb"[ \t]{2,}|\t| (?:\r\n|\Z)")
_CAREFUL_BYTE = re.compile(rb"[!-<>-~]")  # printable, without = and blanks
#: What most values are: words in ASCII, one blank between them. The rule's shortcut, not another rule.
_AS_IT_IS = re.compile(r"(?!\.)[!-<>-~]++(?: [!-<>-~]++)*+")
#: So few bytes stay below a line's length even if each of them becomes =XX.
_ONE_LINE_BYTES = 24


def piece(text: str) -> bytes:
    """The text as complete lines of quoted-printable; the last one ends softly unless the text ends with a newline."""
    if not text:
        return b""
    if len(text) < _MAX_LINE and _AS_IT_IS.fullmatch(text):
        return text.encode() + b"=\r\n"
    encoded = _encoded(_with_crlf(text))
    return encoded if encoded.endswith(b"\n") else _softly_ended(encoded)


def _with_crlf(text: str) -> bytes:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\n", "\r\n").encode("utf-8", "replace")


def _encoded(raw: bytes) -> bytes:
    if _TROUBLED_BLANK.search(raw):
        return _carefully(raw)
    quick = _quickly(raw)
    if quick.startswith(b".") or b"\n." in quick:
        return _carefully(raw)
    return quick


def _quickly(raw: bytes) -> bytes:
    """By the C function of the standard library, which takes its soft breaks from the first newline that it meets."""
    if len(raw) <= _ONE_LINE_BYTES or b"\r\n" in raw:
        return binascii.b2a_qp(raw, istext=True)
    return binascii.b2a_qp(raw + b"\r\n", istext=True)[:-2]


def _carefully(raw: bytes) -> bytes:
    return b"\r\n".join(_careful_line(line) for line in raw.split(b"\r\n"))


def _careful_line(raw: bytes) -> bytes:
    lines = []
    line = b""
    for position, code in enumerate(raw):
        symbol = _symbol(raw, position, code)
        if len(line) + len(symbol) >= _MAX_LINE:
            lines.append(line + b"=\r\n")
            line = b""
        line += b"=2E" if symbol == b"." and not line else symbol
    return b"".join((*lines, line))


def _symbol(raw: bytes, position: int, code: int) -> bytes:
    """How a byte is written: a blank as itself only between two bytes that are none."""
    char = raw[position : position + 1]
    if _CAREFUL_BYTE.match(char):
        return char
    lone_blank = char == b" " and position and position + 1 < len(raw) and raw[position - 1] not in b" \t"
    return b" " if lone_blank else b"=%02X" % code


def _softly_ended(encoded: bytes) -> bytes:
    """The lines with a soft break at the end; when it does not fit, the last character goes to a line of its own."""
    last_line = len(encoded) - (encoded.rfind(b"\n") + 1)
    if last_line < _MAX_LINE:
        return encoded + b"=\r\n"
    tail = 3 if encoded[-3:-2] == b"=" else 1
    last = encoded[-tail:]
    return encoded[:-tail] + b"=\r\n" + (b"=2E" if last == b"." else last) + b"=\r\n"


def base64_lines(text: str) -> bytes:
    """The text as lines of base64, 76 characters each; shorter than quoted-printable for most scripts but Latin."""
    encoded = binascii.b2a_base64(_with_crlf(text), newline=False)
    return b"".join(encoded[start : start + _MAX_LINE] + b"\r\n" for start in range(0, len(encoded), _MAX_LINE))


def mostly_not_ascii(text: str) -> bool:
    """Whether more than a third of the characters are not ASCII: where quoted-printable grows longer than base64."""
    ascii_only = text.encode("ascii", "ignore")
    return (len(text) - len(ascii_only)) * 3 > len(text)
