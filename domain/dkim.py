"""Signs emails (DKIM: RFC 6376, rsa-sha256, relaxed/relaxed).

What is the same for a campaign's emails is brought into relaxed form once. The body is not canonicalised at all: ours
is written in its own relaxed form (quoted_printable.py, mime.py), so what is hashed is what goes over the wire.
"""

import base64
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from domain.dkim_key import DkimKey

#: Signed once more than they are there, so that nobody can add a second one: who it is from, to whom, what it says,
#: where an answer goes, and how the body is read (RFC 6376, 8.15).
OVERSIGNED = ("from", "to", "subject", "reply-to", "content-type")
_NEXT_HEADER = re.compile(rb"\r\n(?![ \t])")
_FOLD_AT = 70
_PADDING, _HASH = PKCS1v15(), SHA256()


class Signer:
    """Signs the emails of one campaign: all its headers, common and own."""

    def __init__(self, key: DkimKey, common: bytes, own: Sequence[str]) -> None:
        """`common`: the headers that all emails have, as they are written; `own`: the names of the others, in order."""
        lines = [line for line in _NEXT_HEADER.split(common) if line]
        names = [line.partition(b":")[0].decode().lower() for line in lines] + [name.lower() for name in own]
        self._private = key.private
        self._relaxed = b"".join(map(_relaxed, lines))
        self._tags = _tags(key, [*names, *OVERSIGNED])
        self._relaxed_tags = b"dkim-signature:" + _unfolded(self._tags)

    def header(self, own: Iterable[bytes], body: bytes, now: datetime) -> bytes:
        """The DKIM-Signature of one email, for the top of its head; `own` are its headers in the order agreed on."""
        about = b"t=%d; bh=%b;" % (int(now.timestamp()), base64.b64encode(sha256(body).digest()))
        signed = b"".join((self._relaxed, *map(_relaxed, own), self._relaxed_tags, about, b" b="))
        signature = base64.b64encode(self._private.sign(signed, _PADDING, _HASH))
        return b"".join((b"DKIM-Signature: ", self._tags, about, b"\r\n b=", _folded(signature), b"\r\n"))


def _relaxed(line: bytes) -> bytes:
    """A header in relaxed form (RFC 6376, 3.4.2): name in lower case, every run of blanks and folds as one blank."""
    name, _, value = line.partition(b":")
    return name.lower() + b":" + b" ".join(value.split()) + b"\r\n"


def _tags(key: DkimKey, names: Iterable[str]) -> bytes:
    """What a signature says of itself, but for time, hash and the signature proper."""
    who = f"v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d={key.name.domain}; s={key.name.selector};\r\n "
    return f"{who}h={_listed(names)};\r\n ".encode()


def _listed(names: Iterable[str]) -> str:
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) > _FOLD_AT:
            lines.append("")
        lines[-1] += f"{name}:"
    return "\r\n ".join(lines).removesuffix(":")


def _unfolded(value: bytes) -> bytes:
    return value.replace(b"\r\n ", b" ")


def _folded(signature: bytes) -> bytes:
    return b"\r\n ".join([signature[start : start + _FOLD_AT] for start in range(0, len(signature), _FOLD_AT)])
