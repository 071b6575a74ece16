"""Reads SMTP replies out of a stream of bytes (RFC 5321, 4.2)."""

from __future__ import annotations

from collections.abc import Iterator

from domain.smtp_reply import MAX_TEXT

MAX_LINE_BYTES = 8192  #: RFC 5321, 4.5.3.1.5 asks for 512


class NotSmtp(ValueError):
    """The server said something that is no SMTP reply."""


class ReplyReader:
    """Takes bytes as they arrive, however they are split, and gives whole replies."""

    def __init__(self) -> None:
        self._rest = b""
        self._text: list[str] = []
        self._length = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, str]]:
        """Code and text (its lines joined by blanks, at most `MAX_TEXT` characters) of each reply that is complete.

        Raises:
            NotSmtp: a line without a three-digit code, or without an end.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAX_LINE_BYTES:
            raise NotSmtp(f"a line of more than {MAX_LINE_BYTES} bytes")
        for line in lines:
            code = _code(line)
            self._keep(line[4:])
            if line[3:4] != b"-":
                yield code, self._whole()

    def _keep(self, text: bytes) -> None:
        """A long reply is cut here: nobody reads its thousandth line, and memory has an end."""
        if self._length < MAX_TEXT:
            self._text.append(text.rstrip(b"\r").decode("utf-8", "replace"))
            self._length += len(text)

    def _whole(self) -> str:
        text = " ".join(self._text)[:MAX_TEXT]
        self._text, self._length = [], 0
        return text


def _code(line: bytes) -> int:
    digits = line[:3]
    if not digits.isdigit() or not b"200" <= digits <= b"599" or line[3:4] not in b" -\r":
        raise NotSmtp("a line that is no SMTP reply")
    return int(digits)
