"""Header lines of an email: folded, ASCII only, and with no way for a value to begin a header of its own.

RFC 5322 (2.1.1 line length, 2.2.3 folding), RFC 2047 (encoded words), RFC 2919 (List-Id), RFC 8058 (one click).
"""

import binascii
import re
from datetime import datetime, tzinfo
from email.utils import format_datetime
from functools import lru_cache

import idna

from domain.content_failure import ContentFailed

_FOLD_AT = 76  # RFC 2047, 2: the limit of a line with an encoded word; RFC 5322 would allow 78
_WORD_OVERHEAD = len("=?utf-8?b??=")
#: Everything that could end a line in somebody's parser: C0, C1, DEL, Unicode line and paragraph separators.
_BLANKS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_TIDY = re.compile(r"[!-~]++(?: [!-~]++)*+")  # most values: nothing in them to be made one line
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")  # RFC 5322, 3.2.3, with blanks between
_DOT_ATOM = r"[^\x00-\x20\x7f-\x9f()<>\[\]:;@\\,.\"]+"  # RFC 5322, 3.2.3 with RFC 6532's characters
_LOCAL_PART = re.compile(rf"{_DOT_ATOM}(?:\.{_DOT_ATOM})*")
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_URI = re.compile(r"[!#-;=?-Z\\\]^_`a-z{|}~\[]+")  # visible ASCII without < > "
_LONGEST_NAME = 200


def one_line(value: str) -> str:
    """The value with every run of blanks and control characters as one blank, and none at the ends."""
    return value if _TIDY.fullmatch(value) else _BLANKS.sub(" ", value).strip(" ")


def text_header(name: str, value: str) -> bytes:
    """An unstructured header (Subject and the like): folded at blanks, or as encoded words if not ASCII."""
    line = one_line(value)
    plain = _plain(line)
    if plain and len(name) + 2 + len(line) <= _FOLD_AT:
        return f"{name}: {line}\r\n".encode()
    if plain and all(len(word) <= _FOLD_AT for word in line.split(" ")):
        return _folded(f"{name}: {line}")
    return f"{name}: ".encode() + encoded_words(line, column=len(name) + 2) + b"\r\n"


def address_header(name: str, display_name: str, address: str) -> bytes:
    """A header with one address. A non-ASCII local part stays as it is: that needs SMTPUTF8 (RFC 6532).

    Raises:
        ContentFailed: the address is not one that can stand in a header.
    """
    angle = b"<" + wire_address(address).encode() + b">"
    phrase = _phrase(display_name, column=len(name) + 2)
    if not phrase:
        return f"{name}: ".encode() + angle + b"\r\n"
    last_line = len(name) + 2 + len(phrase) if b"\n" not in phrase else len(phrase.rpartition(b"\n")[2])
    gap = b" " if last_line + 1 + len(angle) <= _FOLD_AT else b"\r\n "
    return f"{name}: ".encode() + phrase + gap + angle + b"\r\n"


def list_id_header(display_name: str, identifier: str) -> bytes:
    """List-Id (RFC 2919): what filters and unsubscribe lists know the mailing list by."""
    angle = b"\r\n <" + _without(r"[^A-Za-z0-9._-]", identifier).encode() + b">\r\n"
    return b"List-Id: " + _phrase(display_name, column=9) + angle


def uri_header(name: str, *uris: str) -> bytes:
    """A header with URIs in angle brackets, one a line (RFC 2369). URIs can't be folded: at most 990 characters each.

    Raises:
        ContentFailed: an URI holds a blank, a bracket or something that is not ASCII, or is too long.
    """
    for uri in uris:
        if not _URI.fullmatch(uri) or len(uri) > 990:
            raise ContentFailed(f"{name}: an URI that can't stand in a header")
    return f"{name}: ".encode() + b",\r\n ".join(f"<{uri}>".encode() for uri in uris) + b"\r\n"


def message_id_header(message_id: str) -> bytes:
    """Message-ID. `message_id` comes without angle brackets, as the ledger row has it.

    Raises:
        ContentFailed: it is not an id that can stand in a header.
    """
    if not message_id.isascii():
        raise ContentFailed("a Message-ID that is not ASCII")
    return b"Message-ID: <" + wire_address(message_id).encode() + b">\r\n"


@lru_cache(maxsize=4)
def _date_line(second: int, zone: tzinfo | None) -> bytes:
    return f"Date: {format_datetime(datetime.fromtimestamp(second, zone))}\r\n".encode()


def date_header(now: datetime) -> bytes:
    """Date, to the second; `now` is aware."""
    return _date_line(int(now.timestamp()), now.tzinfo)


@lru_cache(maxsize=4096)
def a_label(domain: str) -> str:
    """The domain in ASCII (RFC 5890), as the wire wants it.

    Raises:
        ContentFailed: it does not exist in ASCII, or holds what no domain does.
    """
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except idna.IDNAError:
            raise ContentFailed("a domain that does not exist in ASCII") from None
    if not _DOMAIN.fullmatch(domain):
        raise ContentFailed("a domain that can't stand in a header")
    return domain


def wire_address(address: str) -> str:
    """The address as MAIL, RCPT and headers carry it: the domain in ASCII, the local part as it is.

    Raises:
        ContentFailed: blanks, brackets, quotes, control characters: nothing that we would write to.
    """
    local, _, domain = address.rpartition("@")
    if not _LOCAL_PART.fullmatch(local):
        raise ContentFailed("an address with characters that can't stand in a header")
    return f"{local}@{a_label(domain)}"


def encoded_words(text: str, *, column: int) -> bytes:
    """The text as base64 encoded words (RFC 2047), folded; the first stands at `column`. No character is cut in two."""
    raw = text.encode("utf-8", "replace")
    words = []
    start, room = 0, _word_bytes(column)
    while len(raw) - start > room:
        end = _character_start(raw, start + room)
        words.append(_word(raw[start:end]))
        start, room = end, _word_bytes(1)
    return b"\r\n ".join((*words, _word(raw[start:])))


def _character_start(raw: bytes, position: int) -> int:
    """The beginning of the UTF-8 character that `position` lies in."""
    while raw[position] & 0xC0 == 0x80:
        position -= 1
    return position


def _word(raw: bytes) -> bytes:
    return b"=?utf-8?b?" + binascii.b2a_base64(raw, newline=False) + b"?="


def _word_bytes(column: int) -> int:
    """How many bytes fit into an encoded word: the line ends at 76, the word is 75 long at most."""
    return max(4, (min(75, _FOLD_AT - column) - _WORD_OVERHEAD) // 4 * 3)


def _plain(line: str) -> bool:
    return line.isascii() and line.isprintable() and "=?" not in line


def _phrase(value: str, *, column: int) -> bytes:
    """A display name: atoms, a quoted string, or encoded words (RFC 5322, 3.2.5; RFC 2047, 5)."""
    name = one_line(value)[:_LONGEST_NAME].rstrip(" ")
    short = _plain(name) and column + len(name) < _FOLD_AT - 2
    if short and _ATOMS.fullmatch(name):
        return name.encode()
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    if short and column + len(quoted) < _FOLD_AT - 2:
        return f'"{quoted}"'.encode()
    return encoded_words(name, column=column)


def _folded(line: str) -> bytes:
    lines, current = [], ""
    for word in line.split(" "):
        if current and len(current) + 1 + len(word) > _FOLD_AT:
            lines.append(current)
            current = word
        else:
            current = f"{current} {word}" if current else word
    return "\r\n ".join((*lines, current)).encode() + b"\r\n"


def _without(pattern: str, value: str) -> str:
    return re.sub(pattern, "", value)
