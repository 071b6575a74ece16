"""RFC 2045 6.7, and what SMTP and DKIM like to see."""

import quopri
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.quoted_printable import base64_lines, mostly_not_ascii, piece

HOSTILE = st.lists(
    st.sampled_from(
        ["a", " ", "  ", "\t", "\n", "\r\n", "\r", ".", "=", "é", "漢", "🎉", "\x00", "From ", "x" * 80, "."]
    )
    | st.text(max_size=5),
    max_size=60,
).map("".join)


def unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(HOSTILE)
def test_a_piece_reads_back_as_what_was_written(text: str) -> None:
    assert quopri.decodestring(piece(text)).decode().replace("\r\n", "\n") == unix(text)


@given(HOSTILE)
def test_a_piece_has_short_ascii_lines_that_need_no_stuffing(text: str) -> None:
    lines = piece(text).decode("ascii").split("\r\n")
    assert all(len(line) <= 76 and not line.startswith(".") for line in lines)
    assert not re.search("[\r\n]", "".join(lines))


@given(st.lists(HOSTILE, max_size=5))
def test_pieces_can_be_joined_in_any_order(texts: list[str]) -> None:
    joined = b"".join(map(piece, texts))
    assert quopri.decodestring(joined).decode().replace("\r\n", "\n") == "".join(map(unix, texts))
    assert all(len(line) <= 76 for line in joined.split(b"\r\n"))


@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("length", range(70, 80))
def test_a_blank_at_the_end_of_a_full_line_does_not_make_it_longer(length: int, end: str) -> None:
    assert all(len(line) <= 76 for line in piece("x" * length + " " + end).split(b"\r\n"))


@given(st.from_regex(r"(?!\.)[!-<>-~](?: ?[!-<>-~]){0,80}", fullmatch=True))
def test_plain_words_stand_as_they_are_on_a_line_that_ends_softly(text: str) -> None:
    first_line = piece(text).partition(b"=\r\n")[0]
    assert first_line == text.encode() if len(text) < 76 else text.encode().startswith(first_line)
    assert quopri.decodestring(piece(text)) == text.encode()


@given(HOSTILE)
def test_the_relaxed_form_of_dkim_is_the_piece_itself(text: str) -> None:
    encoded = piece(text)
    relaxed = re.sub(rb"[ \t]+(?=\r\n)", b"", re.sub(rb"[ \t]+", b" ", encoded))
    assert relaxed == encoded


def test_nothing_becomes_nothing() -> None:
    assert piece("") == b""


@given(HOSTILE)
def test_base64_reads_back_in_lines_of_76(text: str) -> None:
    import base64

    encoded = base64_lines(text)
    assert base64.b64decode(encoded).decode().replace("\r\n", "\n") == unix(text)
    assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))


@pytest.mark.parametrize(
    ("text", "expected"), [("", False), ("naïve café", False), ("日本語 abc", True), ("Привет", True)]
)
def test_base64_is_for_scripts_other_than_latin(text: str, expected: bool) -> None:
    assert mostly_not_ascii(text) is expected


def test_a_blank_at_the_end_of_a_full_line_makes_it_no_longer() -> None:
    encoded = piece("aa=\x80\x80\x80\U0001000000\x80\x80\x800\x80\x80\x80 \n")
    assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))
