"""Mails that no mail programme writes: each once broke, or is made to cost time."""

from __future__ import annotations

from collections.abc import Iterator

_FROM = b"From: MAILER-DAEMON@x.example\r\nSubject: failure notice\r\n"


def hostile() -> Iterator[tuple[str, bytes]]:
    """Names and mails."""
    yield "nothing", b""
    yield "zeros", b"\x00" * 5000
    yield "no headers", b"\r\n\r\nhello"
    yield "headers only", _FROM
    yield "empty from", b"From:\r\nTo:\r\nSubject:\r\n\r\n"
    yield "50 MB", _FROM + b"\r\n" + b"550 user unknown <a@b.example>\r\n" * 1_700_000
    yield "one line of 50 MB", _FROM + b"\r\n" + b"x" * 50_000_000
    yield "10,000 nested parts", _nested(10_000)
    yield "10,000 nested messages", _FROM + b"Content-Type: message/rfc822\r\n\r\n" * 10_000
    yield "10,000 sibling parts", _siblings(10_000)
    yield "boundaries that begin alike", _alike()
    yield "boundary never ends", _FROM + b'Content-Type: multipart/report; boundary="x"\r\n\r\n--x\r\n--x\r\n--x'
    yield "boundary is empty", _FROM + b'Content-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n\r\nhi\r\n----\r\n'
    yield (
        "8 bit headers",
        b"From: J\xf6rg <\xe4@\xff.example>\r\nSubject: \xc3\x28\xff\xfe\r\n"
        b"Content-Type: text/plain; charset=\xff\r\n\r\n\xff",
    )
    yield "codecs that are none", b"Content-Type: text/plain; charset=unicode_escape\r\n\r\n\\x zlib"
    for charset in (b"zlib", b"hex", b"idna", b"punycode", b"undefined", b"utf-7", b"utf-16", b"iso-2022-jp", b"rot13"):
        yield (
            f"charset {charset.decode()}",
            _FROM + b"Content-Type: text/plain; charset=" + charset + b"\r\n\r\n\x1b$B\xff\xfe+ADw-" + b"a" * 9999,
        )
        yield f"word in {charset.decode()}", b"Subject: =?" + charset + b"?B?" + b"//8A" * 500 + b"?=\r\n\r\n"
    yield (
        "broken base64",
        _FROM + b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA=AAA*A=====A",
    )
    yield "thousands of recipients", report(1_000)
    yield "more recipients than are read", report(5_000)
    yield "a report without a recipient", _FROM + b"Content-Type: message/delivery-status\r\n\r\nAction: failed\r\n"
    yield "header of 1 MB", b"Subject: " + b"a " * 500_000 + b"\r\n\r\n"
    yield "100,000 headers", b"".join(b"X-%d: y\r\n" % number for number in range(100_000)) + b"\r\n"
    yield "folded for ever", b"Subject: a\r\n" + b" b\r\n" * 200_000
    yield "deep JSON", b'From: a@b.example\r\n\r\n{"notificationType":' + b"[" * 60_000
    for name, unit in _UNITS.items():
        text = unit * (200_000 // len(unit))
        yield f"text of {name}", _FROM + b"\r\n" + text
        yield f"page of {name}", _FROM + b"Content-Type: text/html\r\n\r\n" + text
        yield f"diagnostic of {name}", _report(b"a@b.example", text)
        yield (
            f"header of {name}",
            b"From: "
            + text[:50_000]
            + b"\r\nSubject: "
            + text[:50_000]
            + b"\r\nReferences: "
            + text[:50_000]
            + b"\r\nContent-Type: "
            + text[:50_000]
            + b"\r\n\r\n",
        )


_UNITS = {
    "at signs": b"@", "addresses": b"a@b.example ", "one long word": b"a", "dots": b".", "brackets": b"<",
    "open tags": b"<style ", "closed tags": b"</p><br>", "blanks": b" ", "lines": b"\n", "quotes": b'"',
    "colons": b"a: ",
    "codes": b"550 5.1.1 ", "digits": b"5", "status": b"5.1.", "users": b"user ", "mailboxes": b"mailbox full of ",
    "dashes": b"-", "encoded words": b"=?utf-8?q?", "whole words": b"=?utf-8?q?a?= ", "commas": b", ", "percent": b"%",
    "no such": b"no such ", "hosts": b"host [1.2.3.4] ", "marks": b"> ", "continued": b"\n ", "entities": b"&#x1F600;",
    "addresses a line": b"<a@b.example>: \n", "non-ASCII": "邮箱@例え.テスト ".encode(),
    "tokens": b"b+" + b"a" * 48 + b"@x ",
    "message ids": b"<a@b", "semicolons": b"; a=", "said": b"said: 550 ",
}  # fmt: skip


def report(recipients: int) -> bytes:
    """A delivery report about so many."""
    blocks = b"".join(
        b"\r\nFinal-Recipient: rfc822; person%d@there.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        b"Diagnostic-Code: smtp; 550 5.1.1 <person%d@there.example>: Recipient address rejected: User unknown\r\n"
        % (number, number)
        for number in range(recipients)
    )
    head = (
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n--x\r\n\r\nSorry.\r\n--x\r\n'
    )
    return (
        _FROM + head + b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n" + blocks + b"--x--\r\n"
    )


def _report(address: bytes, diagnostic: bytes) -> bytes:
    return (
        _FROM + b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; "
        + address + b"\r\nAction: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: smtp; " + diagnostic + b"\r\n"
    )  # fmt: skip


def _nested(depth: int) -> bytes:
    return _FROM + b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (number, number) for number in range(depth)
    )


def _siblings(count: int) -> bytes:
    return _FROM + b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n' + b"--x\r\n\r\nhi\r\n" * count


def _alike() -> bytes:
    return (
        _FROM
        + b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n\r\nhi\r\n'
        + b"--xy\r\n" * 100_000
        + b"--x--"
    )
