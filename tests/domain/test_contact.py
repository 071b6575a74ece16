"""People and their addresses (D2), list memberships and their reasons (D1)."""

from __future__ import annotations

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.contact import OptOut, Source, address, contact_id, is_role, joined, left
from tests.builders import ADDRESS_KEY, NOW, a_contact, a_stamp, an_address


@pytest.mark.parametrize(
    ("text", "sendable", "identity"),
    [
        ("ann@example.com", "ann@example.com", "ann@example.com"),
        ("  ann@example.com\n", "ann@example.com", "ann@example.com"),  # D2: trimmed
        ("Ann.Lee@Example.COM", "Ann.Lee@example.com", "ann.lee@example.com"),  # D2: local part case-insensitively
        ("ann@bücher.example", "ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),  # D2: A-labels (RFC 5890)
        ("ann@BÜCHER.example", "ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
        ("ann+news@example.com", "ann+news@example.com", "ann+news@example.com"),  # a tag is part of the address
        ("jörg@example.com", "jörg@example.com", "jörg@example.com"),  # RFC 6531
    ],
)
def test_an_address_is_normalised(text: str, sendable: str, identity: str) -> None:
    found = an_address(text)
    assert (found.sendable, found.identity) == (sendable, identity)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "ann@",
        "@example.com",
        "ann@@example.com",
        "ann lee@example.com",
        "ann@example..com",
        ".ann@example.com",  # RFC 5321 4.1.2: a dot-string neither begins nor ends with a dot
        "ann@-example.com",
        f"{'a' * 65}@example.com",  # RFC 5321 4.5.3.1.1: 64 octets
        f"ann@{'a' * 64}.com",  # RFC 1035 2.3.4: 63 octets
        "Ann <ann@example.com>",
        "ann@example.com, bob@example.com",
        "ann@example.com\r\nBcc: bob@example.com",
    ],
)
def test_what_is_no_address_is_told_apart(text: str) -> None:
    assert address(text) is None


_PIECES = st.sampled_from(
    [*"aZ9.+-_'@ \"\\<[üß例\u200d", "..", "ann", "Info", "www", "xn--", "bcher-kva", ".com", "example", "a" * 30]
)


@settings(max_examples=500)
@given(st.lists(_PIECES, max_size=4).map("".join), st.lists(_PIECES, max_size=5).map("".join))
@example("info", "EXAMPLE.com")  # RFC 2142: lower-cased, whatever was given
@example("INFO", "example.com")
@example("a" * 60, "example.com")
@example("ann", "localhost")
@example("ann", "127.0.0.1")
def test_an_address_is_what_the_whole_check_makes_of_it(local: str, domain: str) -> None:
    """Most addresses do not need it: their domain was looked at before."""
    text = f"{local}@{domain}"
    try:
        valid = validate_email(text.strip(), check_deliverability=False, strict=True, test_environment=True)
    except EmailNotValidError:
        assert address(text) is None
    else:
        assert an_address(text).sendable == f"{valid.local_part}@{valid.ascii_domain.lower()}"


def test_one_person_has_one_id_however_the_address_is_written() -> None:
    """D2."""
    ids = {contact_id(an_address(text).identity, ADDRESS_KEY) for text in ("Ann@Example.com", " ann@EXAMPLE.com")}
    assert len(ids) == 1
    assert len(ids.pop()) == 32


def test_an_id_cannot_be_computed_without_the_key() -> None:
    assert contact_id("ann@example.com", b"one key") != contact_id("ann@example.com", b"another")


@pytest.mark.parametrize(
    ("text", "role"),
    [("info@example.com", True), ("Sales+eu@example.com", True), ("informa@example.com", False)],  # RFC 2142
)
def test_mailboxes_of_a_function_are_told_from_people(text: str, role: bool) -> None:
    """D5: role_address."""
    assert is_role(text) is role


def test_somebody_is_on_a_list_until_the_last_reason_is_gone() -> None:
    """D1: leaving one source does not remove another's members."""
    ann = joined(joined(a_contact(), "news", "sync:a|Leads:1"), "news", "campaign:spring|Leads:1")
    assert "news" in left(ann, "news", "sync:a|Leads:1").memberships
    assert left(left(ann, "news", "sync:a|Leads:1"), "news", "campaign:spring|Leads:1") == a_contact()


def test_joining_twice_and_leaving_what_one_is_not_on_changes_nothing() -> None:
    ann = joined(a_contact(), "news", "sync:a|Leads:1")
    assert joined(ann, "news", "sync:a|Leads:1") is ann
    assert left(ann, "other", "sync:a|Leads:1") is ann
    assert left(ann, "news", "sync:b|Leads:1") is ann


def test_the_most_recently_changed_present_record_is_the_primary_one() -> None:
    """D2."""
    old, new, gone = a_stamp("Leads:1", 1), a_stamp("Leads:2", 2), a_stamp("Leads:3", 3)
    sources = {
        old.ref: Source(old.ref, old),
        new.ref: Source(new.ref, new),
        gone.ref: Source(gone.ref, gone, gone=True),
    }
    primary = a_contact(sources=sources).primary()
    assert primary is not None
    assert primary.ref == "Leads:2"
    assert a_contact(sources={}).primary() is None


@pytest.mark.parametrize(
    ("opt_out", "record_says", "gone", "opted_out"),
    [
        (None, False, False, False),
        (OptOut(NOW, "unsubscribe:spring"), False, False, True),
        (None, True, False, True),  # the CRM's Email Opt Out
        (None, True, True, True),  # D1: a deleted record's consents stay
    ],
)
def test_a_refusal_is_the_persons_or_the_crms(
    opt_out: OptOut | None, record_says: bool, gone: bool, opted_out: bool
) -> None:
    source = Source("Leads:1", a_stamp(), opted_out=record_says, gone=gone)
    assert a_contact(opt_out=opt_out, sources={source.ref: source}).opted_out is opted_out
