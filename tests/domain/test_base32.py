"""RFC 4648, 6, as the standard library writes it."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from domain.base32 import LONGEST_BYTES, base32


@given(st.binary(max_size=LONGEST_BYTES))
def test_it_is_what_the_standard_library_writes_without_padding_in_lower_case(raw: bytes) -> None:
    assert base32(raw) == base64.b32encode(raw).decode().rstrip("=").lower()
