"""The organisation's look: its colour and logo, and what keeps them readable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from domain.errors import InvalidDefinition

_MOST_BYTES = 256 * 1024
#: What pictures begin with. No SVG: that can hold programs.
_KINDS: Mapping[bytes, str] = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
}


@dataclass(frozen=True, slots=True)
class Logo:
    kind: str  #: its content type
    content: bytes


@dataclass(frozen=True, slots=True)
class Look:
    name: str
    postal_address: str = ""
    colour: str = "#1d4ed8"
    logo: Logo | None = None

    @property
    def text_on_colour(self) -> str:
        """Black or white, whichever is read better on the colour: at least 4.5 to 1 (WCAG 2.2, 1.4.3)."""
        return max(("#000000", "#ffffff"), key=lambda text: contrast(text, self.colour))


def logo_of(path: Path) -> Logo:
    """
    Raises:
        InvalidDefinition: it can't be read, is too large, or no picture that browsers show.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidDefinition(f"logo: {path} cannot be read: {error.strerror}") from error
    kind = next((kind for start, kind in _KINDS.items() if content.startswith(start)), None)
    if kind is None or len(content) > _MOST_BYTES:
        raise InvalidDefinition(f"logo: {path} is no PNG, JPEG, GIF or WebP of at most {_MOST_BYTES // 1024} KiB")
    return Logo(kind, content)


def contrast(one: str, other: str) -> float:
    """How different two colours (#rrggbb) are to the eye, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
