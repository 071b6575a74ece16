"""What of a mail its verdict rests on, as a mail of bounded size: kept as evidence, so that it can be judged again.

Reports and the words of the mail stay, attachments and returned contents go. Judged again it is what it was
(tests/domain/classification/test_excerpt.py, over all mails there are).
"""

from __future__ import annotations

from collections.abc import Iterator

from domain.classification.parts import Headers, Part, read_mail

MAX_EXCERPT = 16 << 10  #: bytes
_HEAD = 6 << 10
_PART_HEAD = 1 << 10
_RETURNED_HEAD = 3 << 10
_MAX_PARTS = 12
#: Bytes of a part's content that stay, by type: what machines read before what people read.
_STATUS_BYTES = 6 << 10
_STATUS = {"message/delivery-status": _STATUS_BYTES, "message/global-delivery-status": _STATUS_BYTES}
_KEPT = _STATUS | {
    "message/feedback-report": 4 << 10,
    "message/disposition-notification": 2 << 10,
    "text/rfc822-headers": _RETURNED_HEAD,
    "message/rfc822-headers": _RETURNED_HEAD,
    "text/plain": 6 << 10,
    "text/html": 5 << 10,
    "text/calendar": 512,
}
#: Headers that say nothing of what a mail is, and may be long.
_LEFT_OUT = ("received", "dkim-", "arc-", "authentication-results", "x-ms-exchange-", "x-forefront-", "x-microsoft-")


def excerpt(raw: bytes) -> str:
    """The mail itself where it is small enough; otherwise the parts of it that count, with as much of each as fits."""
    if len(raw) <= MAX_EXCERPT:
        return raw.decode("utf-8", "replace")
    lines = b"".join(_written(read_mail(raw), _HEAD))
    return lines[:MAX_EXCERPT].decode("utf-8", "replace")


def _written(part: Part, head_bytes: int) -> Iterator[bytes]:
    yield _head(part.headers, head_bytes) + b"\n"
    if not part.children:
        kept = _STATUS if part.returned else _KEPT  # gateways put a whole report into a mail of their own
        yield part.body[: kept.get(part.type, 0)] + b"\n"
    elif part.type.startswith("multipart/"):
        yield from _multipart(part)
    else:
        for child in part.children:
            yield from _written(child, _RETURNED_HEAD)


def _multipart(part: Part) -> Iterator[bytes]:
    mark = part.parameters.get("boundary", "=_part").encode("utf-8", "replace")
    has_plain = any(child.type == "text/plain" for child in part.children)
    for child in part.children[:_MAX_PARTS]:
        if not (has_plain and child.type == "text/html"):
            yield b"--" + mark + b"\n"
            yield from _written(child, _PART_HEAD)
    yield b"--" + mark + b"--\n"


def _head(headers: Headers, most: int) -> bytes:
    """As much of the headers as fits, without those of transport."""
    lines: list[bytes] = []
    for name, value in headers:
        line = f"{name}: {value}\n".encode("utf-8", "replace")
        if not name.startswith(_LEFT_OUT) and len(line) <= most:
            lines.append(line)
            most -= len(line)
    return b"".join(lines) or b"X-Headers: none\n"  # or the first line of the text would be taken for one
