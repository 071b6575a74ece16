"""Bytes of a mail as text, whatever they claim to be. Nothing here raises, and nothing is slower than linear."""

from __future__ import annotations

import binascii
import re
from html import unescape

MAX_TEXT_BYTES = 64 << 10  #: of one part, once decoded, that are looked at

#: Charsets of mail. Python knows other names too, of codecs that are slow, warn, or make no text.
_CHARSET = re.compile(
    r"utf-?8|us-ascii|ascii|utf-?16(?:le|be)?|iso-?8859-\d{1,2}|latin-?\d|windows-125\d|cp125\d|cp(?:437|850|852|866|874|932|936|949|950)"
    r"|koi8-[ru]|gb2312|gbk|gb18030|big5|shift[-_]jis|sjis|euc-(?:jp|kr)|iso-2022-(?:jp|kr)(?:-\d)?|ks_c_5601-1987|mac-?roman|tis-620"
)
_WORD = re.compile(r"=\?([^?\s]{1,40})\?([bBqQ])\?([^?\s]{0,2000})\?=(?:\s{1,10}(?==\?))?")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_BREAKS = ("br", "/p", "/div", "/t", "/li", "/h", "hr")
_MAX_TAGS = 5000
_UNSEEN = ("style", "script", "title")


def text_of(raw: bytes, charset: str = "") -> str:
    """The text in its charset; in UTF-8 or Latin-1 where that is none, or not true."""
    name = charset.strip().strip("\"'").lower()
    for codec in (name if _CHARSET.fullmatch(name) else "utf-8", "utf-8"):
        try:
            return raw.decode(codec)
        except (UnicodeError, LookupError):
            continue
    return raw.decode("utf-8" if _mostly_utf8(raw) else "latin-1", "replace")


def _mostly_utf8(raw: bytes) -> bool:
    """Whether only a few characters are broken, as where a text was cut."""
    return raw.decode("utf-8", "replace").count("\ufffd") <= 1 + len(raw) // 1000


def transfer_decoded(raw: bytes, encoding: str) -> bytes:
    """The body of a part without its Content-Transfer-Encoding; broken base64 as far as it goes."""
    match encoding.strip().strip('"').lower():
        case "base64":
            return _from_base64(raw[: MAX_TEXT_BYTES * 2])[:MAX_TEXT_BYTES]
        case "quoted-printable":
            return binascii.a2b_qp(raw[: MAX_TEXT_BYTES * 3])[:MAX_TEXT_BYTES]
    return raw[:MAX_TEXT_BYTES]


def _from_base64(raw: bytes) -> bytes:
    digits = _NOT_BASE64.sub(b"", raw)
    whole = digits[: len(digits) // 4 * 4] if len(digits) % 4 == 1 else digits + b"=" * (-len(digits) % 4)
    try:
        return binascii.a2b_base64(whole)
    except binascii.Error:
        return b""


def words_decoded(value: str) -> str:
    """A header value with its encoded words (RFC 2047) as text."""
    return _WORD.sub(_word, value) if "=?" in value else value


def _word(found: re.Match[str]) -> str:
    charset, encoding, text = found.groups()
    raw = text.encode("utf-8", "replace")
    decoded = _from_base64(raw) if encoding in "bB" else binascii.a2b_qp(raw, header=True)
    return text_of(decoded, charset.partition("*")[0])


def without_tags(html: str) -> str:
    """The words of a piece of HTML, a line per block."""
    first, *rest = html.split("<", _MAX_TAGS)[:_MAX_TAGS]
    words, unseen = [first], ""
    for piece in rest:
        tag, closed, text = piece.partition(">")
        name = tag[:10].lower()
        if unseen:
            unseen = "" if name.startswith(f"/{unseen}") else unseen
            continue
        unseen = next((name_ for name_ in _UNSEEN if name.startswith(name_)), "")
        words += ("\n" if name.startswith(_BREAKS) else " ", "" if unseen else text if closed else tag)
    return unescape("".join(words))
