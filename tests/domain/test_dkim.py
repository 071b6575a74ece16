"""What we sign, verified by an implementation that is not ours (dkimpy)."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from dkim.canonicalization import Relaxed
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.assembly import Assembler, Endpoints, Mailing, Recipient
from domain.campaign import Purpose, Sender
from domain.dkim_key import RELAY_SIGNS, DkimKeys, KeyName, dkim_key, key_name, record_strings
from domain.errors import KeyInvalid
from domain.mailer import mailer_of
from domain.organisation import Organisation
from domain.template import TemplateSource, compiled
from domain.tracking import SigningKey, SigningKeys
from tests.builders import a_campaign
from tests.domain.dkim_world import a_key, keys_of, pem, verified

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEYS = SigningKeys((SigningKey(0, b"k" * 32),))
ENDPOINTS = Endpoints("https://t.shop.example", "b.shop.example", KEYS)
MAILING = Mailing(
    "spring-news", Purpose.NEWSLETTER, Sender("Alder & Söhne", "news@shop.example"), "Alder", "Gartenstr. 1", "readers",
    "Readers, all of them",
)  # fmt: skip
CONTACT = "00112233445566778899aabbccddeeff"
RECIPIENT = Recipient(f"spring-news:{CONTACT}:0", f"spring-news.{CONTACT}.0@shop.example", "zoe@customer.example")
BOTH = TemplateSource(
    "News for {{ name }}", "", "<html><body>\n  <p> {{ name }}\t</p>\n.{{ city }}<br>  \n</body></html>\n\n",
    "{{ name }},\n\n. {{ city }}  {{ name }} \n\n{{ unsubscribe_url }}\n{{ city }}",
)  # fmt: skip
TEXT_ALONE = TemplateSource("{{ name }}", text="{{ name }}  \n{{ city }}\n\n\n{{ city }}")
JAPANESE = TemplateSource(
    "新着情報 {{ name }}", html=f"<p>{'長い日本語の文章。' * 30}</p>{{{{ name }}}}", text="日本語 {{ city }}"
)
TEMPLATES = [compiled(source) for source in (BOTH, TEXT_ALONE, JAPANESE)]
ASSEMBLERS = [Assembler(template, MAILING, ENDPOINTS, a_key()) for template in TEMPLATES]

HOSTILE = st.lists(
    st.sampled_from(
        ["a", " ", "  ", "\t", "\r\n", "\n", "\r", "\x00", ".", "\n.", "\r\n.\r\n", "=", "é", "漢", "🎉", '"', "\\",
         "<", ">", "&", "=?utf-8?q?x?=", "{{ 7 }}", "\ufdd0", "\u2028", ",", "@", ";", ":", "x" * 90, "word " * 30,
         "From ", "\r\nBcc: x@y.example\r\n\r\n", "\n\n\n", " \r\n \r\n", "\x85", "\x7f", "\x0b", "\x0c"]
    )
    | st.text(max_size=4),
    max_size=14,
).map("".join)  # fmt: skip


def signed(values: dict[str, str] | None = None, which: int = 0, to: Recipient = RECIPIENT) -> bytes:
    recipient = replace(to, values=values or {"name": "Zoë", "city": "Malmö"})
    return ASSEMBLERS[which].mail(recipient, now=NOW).raw


def tags(raw: bytes) -> dict[str, str]:
    """The tags of the signature at the top, without folds."""
    header = raw.partition(b"\r\nFrom:")[0].decode().removeprefix("DKIM-Signature:")
    pairs = (tag.partition("=") for tag in re.sub(r"\s", "", header).split(";"))
    return {name: value for name, _, value in pairs}


@settings(max_examples=150, deadline=None)
@given(name=HOSTILE, city=HOSTILE, shown=HOSTILE, tracked=st.booleans(), which=st.integers(0, len(ASSEMBLERS) - 1))
def test_hostile_mails_verify_and_are_their_own_relaxed_form(
    name: str, city: str, shown: str, tracked: bool, which: int
) -> None:
    recipient = replace(RECIPIENT, name=shown, values={"name": name, "city": city}, tracked=tracked)
    raw = ASSEMBLERS[which].mail(recipient, now=NOW).raw
    head, _, body = raw.partition(b"\r\n\r\n")
    assert verified(raw, a_key())
    assert Relaxed.canonicalize_body(body) == body
    assert all(len(line) <= 78 or b"<" in line for line in head.split(b"\r\n"))
    assert not any(part.defects for part in email.message_from_bytes(raw, policy=email.policy.default).walk())


@settings(max_examples=60, deadline=None)
@given(sender=HOSTILE, list_name=HOSTILE, subject=HOSTILE)
def test_hostile_names_of_our_own_side_verify(sender: str, list_name: str, subject: str) -> None:
    mailing = replace(MAILING, sender=Sender(sender, "news@shop.example"), list_name=list_name)
    raw = Assembler(TEMPLATES[0], mailing, ENDPOINTS, a_key()).mail(
        replace(RECIPIENT, values={"name": subject}), now=NOW
    )
    assert verified(raw.raw, a_key())


@pytest.mark.parametrize(
    "to",
    [
        replace(RECIPIENT, name=""),
        replace(RECIPIENT, name='"Quoted", \\ slashed'),
        replace(RECIPIENT, name="Æ" * 300),
        replace(RECIPIENT, address="jörg@bücher.example"),
        replace(RECIPIENT, address=f"{'a' * 60}@{'b' * 60}.{'c' * 60}.example"),
    ],
)
def test_every_shape_of_to_verifies(to: Recipient) -> None:
    assert verified(signed(to=to), a_key())


@pytest.mark.parametrize("words", [["a" * 990], ["long"] * 200, ["ö" * 400], [" "], []])
def test_every_length_of_subject_verifies(words: list[str]) -> None:
    assert verified(signed({"name": " ".join(words)}), a_key())


@pytest.mark.parametrize("which", range(len(ASSEMBLERS)))
def test_an_empty_body_and_one_of_blanks_verify(which: int) -> None:
    for value in ("", " ", "\n", "\n\n \n"):
        assert verified(signed({"name": value, "city": value}, which), a_key())
    empty = Assembler(compiled(TemplateSource("s", text="{{ name }}")), MAILING, ENDPOINTS, a_key())
    for value in ("", "\n\n"):
        raw = empty.mail(replace(RECIPIENT, values={"name": value}), now=NOW).raw
        assert raw.endswith(b"\r\n\r\n")
        assert verified(raw, a_key())


def test_all_headers_are_signed_and_those_that_readers_see_once_more() -> None:
    raw = signed()
    message = email.message_from_bytes(raw, policy=email.policy.default)
    names = tags(raw)["h"].split(":")
    assert set(names) == {name.lower() for name in message} - {"dkim-signature"}
    twice = {name for name in names if names.count(name) == 2}
    assert twice == {"from", "to", "subject", "reply-to", "content-type"}


def test_what_the_signature_says_of_itself() -> None:
    found = tags(signed())
    assert {name: found[name] for name in ("v", "a", "c", "d", "s", "t")} == {
        "v": "1",
        "a": "rsa-sha256",
        "c": "relaxed/relaxed",
        "d": "shop.example",
        "s": "s1",
        "t": str(int(NOW.timestamp())),
    }
    assert "l" not in found  # a signature over a part of the body lets others add to it


@pytest.mark.parametrize(
    "forged",
    [
        lambda raw: b"From: boss@bank.example\r\n" + raw,
        lambda raw: b"Subject: Other\r\n" + raw,
        lambda raw: b"Content-Type: text/plain\r\n" + raw,
        lambda raw: b"Reply-To: thief@bank.example\r\n" + raw,
        lambda raw: raw.replace(b"List-Unsubscribe: <https", b"List-Unsubscribe: <http"),
        lambda raw: raw.replace(b"One-Click", b"Two-Click"),
        lambda raw: raw.replace(b"Message-ID: <s", b"Message-ID: <t"),
        lambda raw: raw + b"more\r\n",
    ],
)
def test_what_was_added_or_changed_does_not_verify(forged: object) -> None:
    assert callable(forged)
    changed = forged(signed())
    assert changed != signed()
    assert not verified(changed, a_key())


def test_it_survives_what_relays_do_to_mails() -> None:
    raw = signed({"name": "word " * 40, "city": "x"})
    head, _, body = raw.partition(b"\r\n\r\n")
    refolded = head.replace(b"Subject: ", b"Subject:   ").replace(b"\r\n ", b"\r\n\t")
    assert verified(b"Received: by relay.example\r\n" + refolded + b"\r\n\r\n" + body + b"\r\n\r\n", a_key())


def test_two_signatures_of_one_email_are_the_same_to_the_byte() -> None:
    assert signed() == signed()


def test_time_is_signed_to_the_second() -> None:
    later = ASSEMBLERS[0].mail(RECIPIENT, now=NOW + timedelta(seconds=1, milliseconds=900))
    assert tags(later.raw)["t"] == str(int(NOW.timestamp()) + 1)


def test_without_a_key_there_is_no_signature() -> None:
    raw = Assembler(TEMPLATES[0], MAILING, ENDPOINTS).mail(RECIPIENT, now=NOW).raw
    assert b"DKIM" not in raw


# ---- which key signs


@pytest.mark.parametrize(
    ("dkim", "signs"),
    [(keys_of("green.example"), True), (keys_of("other.example", "example"), False), (DkimKeys(), False),
     (RELAY_SIGNS, False), (replace(keys_of("green.example"), relay_signs=True), False)],
)  # fmt: skip
def test_the_key_of_the_senders_own_domain_signs_unless_the_relay_does(dkim: DkimKeys, signs: bool) -> None:
    mail = mailer_of(a_campaign(), Organisation("Green", "Lane 1"), KEYS, dkim).mail(RECIPIENT, now=NOW)
    assert (b"DKIM-Signature" in mail.raw) is signs
    assert dkim.leaves_unsigned("green.example") is (not signs and not dkim.relay_signs)


def test_a_sender_domain_beyond_ascii_is_signed_and_named_in_ascii() -> None:
    campaign = a_campaign(sender=Sender("Bücher", "post@Bücher.example"))
    assert campaign.sender.domain == "xn--bcher-kva.example"
    dkim = keys_of("xn--bcher-kva.example")
    mail = mailer_of(campaign, Organisation("Green", "Lane 1"), KEYS, dkim).mail(RECIPIENT, now=NOW)
    assert mail.raw.isascii()
    assert verified(mail.raw, dkim.by_domain["xn--bcher-kva.example"])


# ---- keys


def test_a_record_comes_in_strings_of_255_bytes_that_make_the_value_again() -> None:
    value = a_key().record_value
    strings = record_strings(value)
    assert value.startswith("v=DKIM1; k=rsa; p=MII")
    assert "".join(strings) == value
    assert [len(string) <= 255 for string in strings] == [True, True]


@pytest.mark.parametrize(
    ("record", "found"),
    [
        ("s1._domainkey.shop.example", KeyName("s1", "shop.example")),
        ("2026.nov._domainkey.mail.shop.example", KeyName("2026.nov", "mail.shop.example")),
        ("S1._domainkey.Shop.Example", KeyName("s1", "shop.example")),
    ],
)
def test_a_record_names_selector_and_domain(record: str, found: KeyName) -> None:
    assert key_name(record) == found
    assert found.record == record.lower()


@pytest.mark.parametrize(
    "record",
    ["shop.example", "._domainkey.shop.example", "s1._domainkey.", "s1._domainkey.shop",
     "s1._domainkey.bücher.example", "s 1._domainkey.shop.example", "s1;._domainkey.shop.example",
     "s1._domainkey.a..example", "s1._domainkey.a.example\n", f"s1._domainkey.{'a.' * 130}example"],
)  # fmt: skip
def test_what_names_no_key_is_refused(record: str) -> None:
    with pytest.raises(KeyInvalid):
        key_name(record)


def _ed25519() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _with_password() -> bytes:
    private = generate_private_key(public_exponent=65537, key_size=2048)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))


def _public() -> bytes:
    return a_key().private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no private key in PEM"),
        (b"v=DKIM1; k=rsa; p=MII", "no private key in PEM"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no private key in PEM"),
        (pem()[: len(pem()) // 2], "no private key in PEM"),
        (b"\xff\x00\xfe", "no private key in PEM"),
        (_public(), "no private key in PEM"),
        (_with_password(), "has a password"),
        (_ed25519(), "no RSA key"),
        (pem(1024), "1024 bits"),
    ],
    ids=["empty", "record", "garbage", "half", "binary", "public", "password", "ed25519", "small"],
)
def test_a_file_that_holds_no_key_for_signing_says_why(content: bytes, reason: str) -> None:
    with pytest.raises(KeyInvalid, match=f"^s1._domainkey.shop.example: .*{reason}"):
        dkim_key(KeyName("s1", "shop.example"), content)


def test_a_key_in_the_older_pem_form_signs() -> None:
    older = a_key().private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    assert dkim_key(KeyName("s1", "shop.example"), older).record_value == a_key().record_value


def test_a_key_is_never_shown() -> None:
    assert "private" not in repr(keys_of("shop.example"))
