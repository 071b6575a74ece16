"""RFC 5322, 2047: what is written reads back the same, and nothing gets in between."""

import email
import email.policy
import re
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.content_failure import ContentFailed
from domain.mail_headers import (
    address_header,
    date_header,
    list_id_header,
    message_id_header,
    one_line,
    text_header,
    uri_header,
    wire_address,
)

HOSTILE = st.lists(
    st.sampled_from(
        [
            "a",
            " ",
            "\t",
            "\r\nBcc: x@y.example\r\n",
            "\n",
            "\x00",
            "é",
            "漢",
            "🎉",
            '"',
            "\\",
            "=?utf-8?q?x?=",
            ",",
            "@",
            "<",
            ">",
            "x" * 90,
            "word ",
            ";",
            ":",
            "(",
            ")",
            "\u2028",
            "\x85",
            "�",
        ]
    ),
    max_size=30,
).map("".join)


def parsed(header: bytes) -> EmailMessage:
    return email.message_from_bytes(header + b"\r\nbody", policy=email.policy.default)


def readable(text: str) -> str:
    return one_line(text).encode("utf-8", "replace").decode()


def check_form(header: bytes) -> None:
    lines = header.removesuffix(b"\r\n").split(b"\r\n")
    assert header.isascii()
    assert all(len(line) <= 78 for line in lines)
    assert all(line.startswith(b" ") for line in lines[1:])
    assert not re.search(rb"[\r\n\x00]", b"".join(lines))


@given(HOSTILE)
def test_a_subject_reads_back_and_adds_no_header(text: str) -> None:
    header = text_header("Subject", text)
    check_form(header)
    message = parsed(header)
    assert message.keys() == ["Subject"]
    assert message["Subject"] == readable(text)
    assert not message.defects


@given(HOSTILE)
def test_a_value_is_one_line_without_blanks_at_its_ends_or_beside_each_other(text: str) -> None:
    # str.split knows more blanks than we do, and fewer control characters
    blanks = "".join(map(chr, [*range(0x21), *range(0x7F, 0xA0), 0x2028, 0x2029]))
    words = text.translate(dict.fromkeys(map(ord, blanks), " ")).split(" ")
    assert one_line(text) == " ".join(word for word in words if word)


@pytest.mark.parametrize("length", range(60, 79))
def test_a_header_is_folded_when_its_line_would_be_longer_than_76(length: int) -> None:
    value = "x" * (length - len("Subject: ") - 2) + " y"
    assert text_header("Subject", value) == f"Subject: {value if length <= 76 else value[:-2]}".encode() + (
        b"\r\n" if length <= 76 else b"\r\n y\r\n"
    )


@given(HOSTILE)
def test_a_display_name_reads_back_with_its_one_address(text: str) -> None:
    header = address_header("To", text, "someone@customer.example")
    check_form(header)
    message = parsed(header)
    assert message.keys() == ["To"]
    assert [address.addr_spec for address in message["To"].addresses] == ["someone@customer.example"]
    # Python 3.11's new parser puts blanks between encoded words of a phrase (RFC 2047 6.2 does not): ask the old one
    name, _ = parseaddr(header.decode().removeprefix("To: ").replace("\r\n", ""))
    assert str(make_header(decode_header(name))) == readable(text)[:200].rstrip()


@given(HOSTILE)
def test_a_list_name_adds_no_header(text: str) -> None:
    header = list_id_header(text, f"readers{text}.shop.example")
    assert parsed(header).keys() == ["List-Id"]


@pytest.mark.parametrize(
    "address",
    [
        "no-at",
        "@x.example",
        "a b@x.example",
        "a@x.example\r\nBcc: b@x.example",
        "a\x00@x.example",
        '"a b"@x.example',
        "<a@x.example>",
        "a@x example",
        "a,b@x.example",
        "a@",
        "a@x.example>",
        "a..b@x.example",
        "a@-x.example",
        "a@[1.2.3.4]",
    ],
)
def test_an_address_that_could_break_a_header_is_refused(address: str) -> None:
    with pytest.raises(ContentFailed):
        wire_address(address)


def test_a_domain_is_written_in_ascii() -> None:
    assert wire_address("info@bücher.example") == "info@xn--bcher-kva.example"
    assert wire_address("info@straße.example") == "info@xn--strae-oqa.example"  # IDNA 2008, not 2003's ss


def test_a_local_part_keeps_its_characters() -> None:
    assert wire_address("jörg@x.example") == "jörg@x.example"


@pytest.mark.parametrize(
    "uri", ["https://x.example/a b", "https://x.example/>", "https://x.example/\r\nX: y", "https://ü.example"]
)
def test_an_uri_that_could_break_a_header_is_refused(uri: str) -> None:
    with pytest.raises(ContentFailed):
        uri_header("List-Unsubscribe", uri)


def test_a_message_id_is_written_as_given() -> None:
    assert message_id_header("c1.ab.0@x.example") == b"Message-ID: <c1.ab.0@x.example>\r\n"


def test_the_date_is_that_of_the_caller() -> None:
    now = datetime(2026, 11, 23, 12, 0, 0, 999, tzinfo=UTC)
    assert date_header(now) == b"Date: Mon, 23 Nov 2026 12:00:00 +0000\r\n"
    there = now.astimezone(timezone(timedelta(hours=-5)))
    assert date_header(there) == b"Date: Mon, 23 Nov 2026 07:00:00 -0500\r\n"
