"""What is kept of a mail is judged as the whole mail is."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.classification.excerpt import MAX_EXCERPT, excerpt
from domain.classification.mail import classify
from tests.domain.classification.hostile import hostile

MAILS = sorted((Path(__file__).parent / "mails").glob("*.eml"))
PADDING = (b"Received: from a.example " + b"x" * 150 + b"\r\n") * 100 + b"X-Signature: " + b"x" * 8000 + b"\r\n"


def judged(raw: bytes) -> list[object]:
    found = classify(raw)
    return [found.kind, *((one.address, one.kind, one.verdict and one.verdict.reason) for one in found.recipients)]


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_an_excerpt_of_a_long_mail_is_judged_as_the_mail(path: Path) -> None:
    raw = PADDING + path.read_bytes()
    kept = excerpt(raw).encode()
    assert len(raw) > MAX_EXCERPT
    assert len(kept) <= MAX_EXCERPT
    assert judged(kept) == judged(raw)


def test_a_short_mail_is_kept_whole() -> None:
    assert excerpt(b"From: a@b.example\r\n\r\nhi") == "From: a@b.example\r\n\r\nhi"


def test_no_mail_breaks_it() -> None:
    for name, raw in hostile():
        assert len(excerpt(raw).encode()) <= 3 * MAX_EXCERPT, name  # a broken byte becomes three
