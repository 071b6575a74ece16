"""What goes out, read back by the standard library's parser: the same text, the same headers, nothing more."""

import email
import email.policy
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.assembly import Assembler, Endpoints, Mailing, OutgoingMail, Recipient
from domain.campaign import Purpose, Sender
from domain.content_failure import ContentFailed
from domain.inbound_addresses import Purpose as Answers
from domain.inbound_addresses import address_for
from domain.lint import Sample, lint
from domain.mail_headers import one_line
from domain.merge_tags import MARK
from domain.predesigned import predesigned
from domain.template import TemplateSource, compiled
from domain.tracking import Genuine, Kind, SigningKey, SigningKeys, is_nobody, nobody_of, read, ways_out
from tests.domain.dkim_world import a_key, verified

KEYS = SigningKeys((SigningKey(0, b"k" * 32),))
ENDPOINTS = Endpoints("https://t.shop.example", "b.shop.example", KEYS)
MAILING = Mailing(
    campaign_id="spring-news",
    purpose=Purpose.NEWSLETTER,
    sender=Sender("Alder & Söhne", "news@shop.example"),
    organisation_name="Alder & Söhne GmbH",
    organisation_postal_address="Gartenstraße 12, 20095 Hamburg",
    list_id="readers",
    list_name="Readers, all of them",
)
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CONTACT = "00112233445566778899aabbccddeeff"
EMAIL = f"spring-news:{CONTACT}:0"
RECIPIENT = Recipient(EMAIL, f"spring-news.{CONTACT}.0@shop.example", "zoe@customer.example", "Zoë", {"name": "Zoë"})
FOOTER = "{{ organisation_name }} {{ organisation_postal_address }} {{ unsubscribe_url }}"
SOURCE = TemplateSource(
    "News for {{ name }}",
    "Only today",
    "<html lang=en><body>\n  <p>  Hello {{ name }},\n.dot\n..</p>{% for x in rows %}<b>{{ x }}</b>{% endfor %}"
    '<a href="https://shop.example/a?b=1&amp;c=2">Shop</a><a href="{{ unsubscribe_url }}">Out</a>'
    f"{FOOTER}</body></html>",
    f"Hello {{{{ name }}}},\n\n.\n.dot {{{{ city }}}} {{{{ name }}}}\t tab  \n{FOOTER}\n",
)
HEADERS = {
    *(
        "From",
        "To",
        "Reply-To",
        "Subject",
        "Date",
        "Message-ID",
        "List-Id",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
    ),
    *("Feedback-ID", "MIME-Version", "Content-Type"),
}
TEMPLATE = compiled(SOURCE)
ASSEMBLER = Assembler(TEMPLATE, MAILING, ENDPOINTS)


def parsed(mail: OutgoingMail) -> EmailMessage:
    return email.message_from_bytes(mail.raw, policy=email.policy.default)


def sent(source: TemplateSource = SOURCE, mailing: Mailing = MAILING, recipient: Recipient = RECIPIENT) -> OutgoingMail:
    return Assembler(compiled(source), mailing, ENDPOINTS).mail(recipient, now=NOW)


def content(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    assert part is not None
    text: str = part.get_content()
    return text.replace("\r\n", "\n").rstrip("\n")


def unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode().rstrip("\n")


def test_every_header_of_the_contract_is_there_once() -> None:
    message = parsed(sent())
    assert sorted(message.keys()) == sorted(HEADERS)
    assert message["From"].addresses[0].display_name == "Alder & Söhne"
    assert message["From"].addresses[0].addr_spec == "news@shop.example"
    assert message["Reply-To"] == "news@shop.example"
    assert message["To"].addresses[0].addr_spec == "zoe@customer.example"
    assert message["To"].addresses[0].display_name == "Zoë"
    assert message["Subject"] == "News for Zoë"
    assert message["Date"].datetime == NOW
    assert message["Message-ID"] == f"<spring-news.{CONTACT}.0@shop.example>"
    assert message["List-Id"] == '"Readers, all of them" <readers.shop.example>'
    assert message["Feedback-ID"] == "spring-news:readers:newsletter:shopexample"


def test_the_way_out_is_in_the_headers_and_in_both_parts() -> None:
    message = parsed(sent())
    url, mailto = re.findall("<([^>]*)>", message["List-Unsubscribe"])
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert url in content(message, "plain")
    assert f'href="{url}"' in content(message, "html")
    for token in (url.rpartition("/")[2], mailto.removeprefix("mailto:u+").partition("@")[0]):
        assert read(token, KEYS, ["spring-news"]) == Genuine(Kind.UNSUBSCRIBE, EMAIL)


def test_a_bounce_comes_back_to_an_address_that_names_the_email() -> None:
    local_part, _, domain = sent().sender.partition("@")
    assert domain == "b.shop.example"
    assert read(local_part.removeprefix("b+"), KEYS, ["spring-news"]) == Genuine(Kind.BOUNCE, EMAIL)


def test_the_preheader_comes_first_in_the_html_and_not_in_the_text() -> None:
    message = parsed(sent())
    assert content(message, "html").startswith("<html lang=en><body><div style")
    assert "Only today" in content(message, "html")
    assert "Only today" not in content(message, "plain")


def test_r37_the_footer_carries_the_organisation() -> None:
    message = parsed(sent())
    assert "Alder & Söhne GmbH Gartenstraße 12, 20095 Hamburg" in content(message, "plain")
    assert "Alder &amp; Söhne GmbH" in content(message, "html")


def test_an_email_without_tracking_has_no_tracked_address() -> None:
    html = content(parsed(sent()), "html")
    assert "/o/" not in html
    assert 'href="https://shop.example/a?b=1&amp;c=2"' in html


def test_d12_tracking_counts_links_and_opens_of_those_who_agreed() -> None:
    html = content(parsed(sent(recipient=replace(RECIPIENT, tracked=True))), "html")
    (click,) = re.findall(r'href="https://t\.shop\.example/c/([\w-]+)/0"', html)
    (pixel,) = re.findall(r'<img src="https://t\.shop\.example/o/([\w-]+)\.gif"', html)
    assert read(click, KEYS, ["spring-news"]) == Genuine(Kind.CLICK, EMAIL)
    assert read(pixel, KEYS, ["spring-news"]) == Genuine(Kind.OPEN, EMAIL)
    assert TEMPLATE.links == ("https://shop.example/a?b=1&c=2",)


def test_d12_where_it_is_only_counted_links_and_pixel_are_the_same_for_everybody() -> None:
    others = replace(RECIPIENT, email_id=EMAIL.replace(EMAIL.split(":")[1], "f" * 32), tracked=True, nameless=True)
    mails = [content(parsed(sent(recipient=one)), "html") for one in (replace(others, email_id=EMAIL), others)]
    found = [re.findall(r"https://t\.shop\.example/([co])/([\w-]+)", each) for each in mails]
    assert found[0] == found[1]
    for kind, text in found[0]:
        genuine = Genuine(Kind.CLICK if kind == "c" else Kind.OPEN, nobody_of(EMAIL))
        assert read(text, KEYS, ["spring-news"]) == genuine
        assert is_nobody(genuine.email_id)
    ways_out = [re.findall(r"https://t\.shop\.example/u/([\w-]+)", each) for each in mails]
    assert ways_out[0] != ways_out[1], "leaving is everybody's own"


def test_plain_text_goes_out_as_one_part() -> None:
    message = parsed(sent(TemplateSource("s", text=f"Hällo {{{{ name }}}}\n{FOOTER}")))
    assert message.get_content_type() == "text/plain"
    assert message.get_content().startswith("Hällo Zoë\r\n")


def test_text_that_is_mostly_not_latin_goes_out_as_base64() -> None:
    source = TemplateSource(
        "新着情報", html=f"<p>{'これは長い日本語の文章です。' * 30}{{{{ name }}}}</p>", text="日本語 {{ name }}"
    )
    mail = sent(source)
    message = parsed(mail)
    assert mail.raw.count(b"Content-Transfer-Encoding: base64") == 2
    assert content(message, "plain") == "日本語 Zoë"
    assert content(message, "html").endswith("文章です。Zoë</p>")
    assert max(map(len, mail.raw.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 76


def test_two_emails_of_one_person_are_the_same_to_the_byte() -> None:
    assert ASSEMBLER.mail(RECIPIENT, now=NOW) == ASSEMBLER.mail(RECIPIENT, now=NOW)


def test_the_domain_goes_out_in_ascii() -> None:
    mail = sent(recipient=replace(RECIPIENT, address="info@bücher.example"))
    assert mail.recipient == "info@xn--bcher-kva.example"
    assert not mail.needs_smtputf8


def test_a_local_part_beyond_ascii_needs_smtputf8() -> None:
    mail = sent(recipient=replace(RECIPIENT, address="jörg@customer.example"))
    assert mail.needs_smtputf8
    assert mail.recipient == "jörg@customer.example"
    assert "<jörg@customer.example>".encode() in mail.raw


@pytest.mark.parametrize(
    "broken",
    [
        replace(RECIPIENT, address="a b@customer.example"),
        replace(RECIPIENT, address="a@customer.example\r\nBcc: x@y.example"),
        replace(RECIPIENT, address="a\x00@customer.example"),
        replace(RECIPIENT, message_id="x\r\nBcc: y@z.example"),
        replace(RECIPIENT, message_id="ü@shop.example"),
    ],
)
def test_an_address_or_id_that_could_add_a_header_fails_for_that_email_alone(broken: Recipient) -> None:
    with pytest.raises(ContentFailed):
        ASSEMBLER.mail(broken, now=NOW)


def test_a_template_that_fails_for_one_person_does_not_for_the_next() -> None:
    assembler = Assembler(compiled(TemplateSource("s", text="{{ price / 2 }}")), MAILING, ENDPOINTS)
    with pytest.raises(ContentFailed):
        assembler.mail(replace(RECIPIENT, values={"price": "free"}), now=NOW)
    assert b"\r\n21" in assembler.mail(replace(RECIPIENT, values={"price": 42}), now=NOW).raw


@pytest.mark.parametrize(
    "change",
    [
        lambda: Assembler(TEMPLATE, replace(MAILING, sender=Sender("x", "a\r\nBcc: b@c")), ENDPOINTS),
        lambda: Assembler(TEMPLATE, replace(MAILING, sender=Sender("x", "a@b.example", "no address")), ENDPOINTS),
        lambda: Assembler(TEMPLATE, MAILING, replace(ENDPOINTS, base_url="https://t.example/ x")),
        lambda: Assembler(TEMPLATE, MAILING, replace(ENDPOINTS, mail_domain="b.example>\r\n")),
    ],
)
def test_a_sender_or_endpoint_that_could_break_a_header_is_refused_at_once(change: Callable[[], Assembler]) -> None:
    with pytest.raises(ContentFailed):
        change()


def test_values_of_a_person_never_replace_what_is_reserved() -> None:
    values = {"unsubscribe_url": "https://evil.example", "organisation_name": "Evil"}
    assert b"vil" not in sent(recipient=replace(RECIPIENT, values=values)).raw


def test_the_preview_says_what_the_email_says() -> None:
    preview = ASSEMBLER.preview(RECIPIENT)
    message = parsed(ASSEMBLER.mail(RECIPIENT, now=NOW))
    assert preview.subject == message["Subject"]
    assert unix(preview.html or "") == content(message, "html")
    assert unix(preview.text) == content(message, "plain")


def test_a_template_of_ours_passes_our_own_lint_as_it_is_sent() -> None:
    assembler = Assembler(compiled(predesigned("newsletter").source()), MAILING, ENDPOINTS)
    preview = assembler.preview(RECIPIENT)
    out = ways_out(EMAIL, ENDPOINTS.base_url, ENDPOINTS.mail_domain, KEYS)
    address = MAILING.organisation_postal_address
    assert lint(Sample(preview.subject, preview.html, preview.text, MAILING.sender.address, out.url, address)) == ()


HOSTILE = st.lists(
    st.sampled_from(
        [
            "a",
            " ",
            "  ",
            "\t",
            "\r\n",
            "\n",
            "\r",
            "\x00",
            ".",
            "\n.",
            "\r\n.\r\n",
            "=",
            "é",
            "漢",
            "🎉",
            '"',
            "\\",
            "'",
            "<",
            ">",
            "&",
            "=?utf-8?q?x?=",
            "{{ 7 * 7 }}",
            "{% raw %}",
            "\ufdd0",
            "\u2028",
            ",",
            "@",
            ";",
            "x" * 90,
            "From ",
            "--=_",
            "\r\nBcc: x@y.example\r\n\r\n",
            "�",
            "\x85",
            "\x7f",
        ]
    )
    | st.text(max_size=4),
    max_size=14,
).map(lambda parts: "".join(parts).replace(MARK, ""))  # of those with our own mark: test_mime.py, test_template_tags.py


@settings(max_examples=300, deadline=None)
@given(name=HOSTILE, city=HOSTILE, rows=st.lists(HOSTILE, max_size=3), tracked=st.booleans())
def test_hostile_values_come_back_as_text_and_nothing_else(
    name: str, city: str, rows: list[str], tracked: bool
) -> None:
    recipient = replace(RECIPIENT, name=name, values={"name": name, "city": city, "rows": rows}, tracked=tracked)
    mail = ASSEMBLER.mail(recipient, now=NOW)
    message = parsed(mail)
    head, _, body = mail.raw.partition(b"\r\n\r\n")
    assert mail.raw.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", mail.raw)
    assert all(len(line) <= 76 for line in body.split(b"\r\n"))
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))
    assert not any(line.startswith(b".") for line in mail.raw.split(b"\r\n"))
    assert mail.is_wire_ready
    assert mail.raw.endswith(b"\r\n")
    assert not any(part.defects for part in message.walk())
    assert sorted(message.keys()) == sorted(HEADERS)
    assert [address.addr_spec for address in message["To"].addresses] == ["zoe@customer.example"]
    preview = ASSEMBLER.preview(recipient)
    assert message["Subject"] == one_line(preview.subject).encode("utf-8", "replace").decode()
    assert content(message, "plain") == unix(preview.text)
    assert content(message, "html") == unix(preview.html or "")
    assert one_line(name) in preview.subject or not name.isprintable()


@settings(max_examples=150, deadline=None)
@given(subject=HOSTILE, sender=HOSTILE, list_name=HOSTILE, organisation=HOSTILE)
def test_hostile_names_of_our_own_side_add_no_header(
    subject: str, sender: str, list_name: str, organisation: str
) -> None:
    mailing = replace(
        MAILING, sender=Sender(sender, "news@shop.example"), list_name=list_name, organisation_name=organisation
    )
    assembler = Assembler(compiled(replace(SOURCE, subject="{{ name }}")), mailing, ENDPOINTS)
    mail = assembler.mail(replace(RECIPIENT, values={"name": subject}), now=NOW)
    message = parsed(mail)
    assert sorted(message.keys()) == sorted(HEADERS)
    assert not any(part.defects for part in message.walk())
    assert [address.addr_spec for address in message["From"].addresses] == ["news@shop.example"]


def test_replies_and_complaints_lead_back_to_the_email_where_that_is_wanted() -> None:
    endpoints = replace(ENDPOINTS, answers=frozenset({Answers.REPLY, Answers.FEEDBACK}))
    parsed = email.message_from_bytes(
        Assembler(compiled(SOURCE), MAILING, endpoints, a_key()).mail(RECIPIENT, now=NOW).raw, policy=email.policy.SMTP
    )
    own = address_for(Answers.REPLY, EMAIL, "b.shop.example", KEYS)
    assert [one.addr_spec for one in parsed["Reply-To"].addresses] == ["news@shop.example", own]
    assert parsed["CFBL-Address"] == f"{address_for(Answers.FEEDBACK, EMAIL, 'b.shop.example', KEYS)}; report=arf"


@pytest.mark.parametrize("answers", [{Answers.REPLY}, {Answers.FEEDBACK}, {Answers.REPLY, Answers.FEEDBACK}])
def test_addresses_for_answers_are_signed_with_the_rest(answers: set[Answers]) -> None:
    endpoints = replace(ENDPOINTS, answers=frozenset(answers))
    raw = Assembler(compiled(SOURCE), MAILING, endpoints, a_key()).mail(RECIPIENT, now=NOW).raw
    assert verified(raw, a_key())
    signed = raw.partition(b"h=")[2].partition(b";")[0].lower()
    assert (b"cfbl-address" in signed) is (Answers.FEEDBACK in answers)
    assert signed.count(b"reply-to") == 2, "once more than it is there: nobody can add one"
