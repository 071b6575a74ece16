"""The bytes that follow DATA."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.assembly import OutgoingMail
from gateways.smtp_wire import body, stuffed

END = b"\r\n.\r\n"


def a_mail(raw: bytes, *, is_wire_ready: bool) -> OutgoingMail:
    return OutgoingMail(
        "c:p:0", "b@us.example", "p@them.example", raw, needs_smtputf8=False, is_wire_ready=is_wire_ready
    )


@pytest.mark.parametrize(
    ("raw", "sent"),
    [
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b".a\r\n..b\r\n.\r\n", b"..a\r\n...b\r\n..\r\n.\r\n"),
        (b"a\n.\nb\r.c\r\n", b"a\r\n..\r\nb\r\n..c\r\n.\r\n"),
    ],
)
def test_lines_end_with_crlf_and_leading_dots_are_doubled(raw: bytes, sent: bytes) -> None:
    assert stuffed(raw) == sent
    assert body(a_mail(raw, is_wire_ready=False)) == sent


@given(st.lists(st.sampled_from([b".", b"\r", b"\n", b"\r\n", b"a", b"..", b"\r\n."]), max_size=12).map(b"".join))
def test_whatever_is_sent_only_its_end_is_the_end(raw: bytes) -> None:
    """A second end inside would begin a command of the sender's choice (SMTP smuggling)."""
    wire = stuffed(raw)
    assert wire.endswith(b".\r\n")
    assert (b"\r\n" + wire).find(END) == len(wire) + 2 - len(END)
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", wire)


@given(st.lists(st.sampled_from([b"a", b"a.b", b"", b"=2E", b" folded"]), min_size=1, max_size=8))
def test_what_is_ready_for_the_wire_goes_as_it_is(lines: list[bytes]) -> None:
    raw = b"".join(line + b"\r\n" for line in lines)
    assert body(a_mail(raw, is_wire_ready=True)) == stuffed(raw) == raw + b".\r\n"
