"""R44: a preview is what would be sent, and nothing that is clicked in it touches anybody."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes, policy

import pytest

from domain.campaign import Campaign, Content, Sender
from domain.contact import ContactField
from domain.dkim_key import RELAY_SIGNS
from domain.errors import NotReady, TemplateInvalid
from domain.footer import with_footer
from domain.mailer import mailer_of, recipient_of
from domain.organisation import Organisation
from domain.preview import Preview, Reader, preview
from domain.template import TemplateSource
from domain.tracking import SigningKey, SigningKeys
from tests.builders import NOW, a_campaign, a_contact, a_stamp, an_email

GREEN = Organisation("Green Ltd", "1 Garden Lane, Springfield", public_url="https://t.green.example")
KEYS = SigningKeys((SigningKey(1, b"k" * 32),))
HTML = "<html lang=en><body><p>Hello {{ first_name }} from {{ city | default('afar') }}</p></body></html>"
TOKEN = re.compile(r"(https://t\.green\.example/\w+/)[\w-]+")


def written(html: str | None = HTML, text: str | None = None) -> Campaign:
    source = with_footer(TemplateSource("For {{ first_name }}", html=html, text=text))
    return a_campaign(content=Content("For {{ first_name }}", html=source.html, text=source.text))


def shown(campaign: Campaign, reader: Reader) -> Preview:
    return preview(campaign, reader, GREEN, KEYS, RELAY_SIGNS, NOW)


def without_tokens(text: str | None) -> str:
    """The text with the newlines of a template, whatever it went through."""
    return TOKEN.sub(r"\1TOKEN", text or "").replace("\r\n", "\n").rstrip("\n")


def test_r44_it_is_what_would_be_sent_but_for_whose_links_are_in_it() -> None:
    campaign, contact = written(), a_contact(fields={"first_name": ContactField("Zoë & Co", a_stamp())})
    sent = mailer_of(campaign, GREEN, KEYS, RELAY_SIGNS).mail(recipient_of(an_email(), contact), now=NOW)
    parts = {part.get_content_type(): part for part in message_from_bytes(sent.raw, policy=policy.default).walk()}
    seen = shown(campaign, Reader.of(contact))
    assert seen.subject == "For Zoë & Co"
    assert without_tokens(seen.html) == without_tokens(parts["text/html"].get_content())
    assert without_tokens(seen.text) == without_tokens(parts["text/plain"].get_content())


def test_r44_its_links_are_of_nobody() -> None:
    contact = a_contact()
    sent = mailer_of(written(), GREEN, KEYS, RELAY_SIGNS).preview(recipient_of(an_email(), contact))
    seen = shown(written(), Reader.of(contact))
    theirs, ours = TOKEN.search(sent.html or ""), TOKEN.search(seen.html or "")
    assert theirs is not None
    assert ours is not None
    assert theirs[0] != ours[0]
    assert contact.id.encode() not in seen.raw


def test_the_whole_email_says_the_same() -> None:
    seen = shown(written(), Reader.of(a_contact()))
    mail = message_from_bytes(seen.raw, policy=policy.default)
    assert (mail["To"].addresses[0].addr_spec, mail["Subject"]) == ("ann@example.com", "For Ann")
    body = mail.get_body(("html",))
    assert body is not None
    assert without_tokens(body.get_content()) == without_tokens(seen.html)


def test_a_made_up_reader_has_a_value_for_every_field() -> None:
    seen = shown(written(text="{{ first_name }} {{ order_number }} {{ email }}"), Reader.sample())
    assert seen.text.startswith("Alex order number alex.sample@example.com")
    assert (seen.fields, seen.empty) == (("city", "email", "first_name", "order_number"), ())


def test_what_is_given_wins_over_what_is_known() -> None:
    assert "Hello Bea from Rome" in shown(written(), Reader.of(a_contact(), {"first_name": "Bea", "city": "Rome"})).text
    assert "Hello Bea" in shown(written(), Reader.sample({"first_name": "Bea"})).text


def test_fields_without_a_value_are_named() -> None:
    seen = shown(written(), Reader.of(a_contact()))
    assert (seen.fields, seen.empty) == (("city", "first_name"), ("city",))
    assert "Hello Ann from afar" in seen.text


def test_plain_text_has_no_html() -> None:
    assert shown(written(html=None, text="Hello"), Reader.sample()).html is None


def test_a_campaign_without_content_is_refused_with_what_to_type() -> None:
    bare = replace(written(), content=Content("Hello"))
    with pytest.raises(NotReady, match="campaigns campaign edit spring --template newsletter"):
        shown(bare, Reader.sample())


def test_content_that_does_not_compile_is_refused_with_its_line() -> None:
    with pytest.raises(TemplateInvalid, match=r"text, line 2: .*wrong"):
        shown(a_campaign(content=Content("s", text="a\n{{ b | wrong }}")), Reader.sample())


def test_a_sender_without_a_name_goes_by_the_organisations() -> None:
    """Its draft may be older than the company details."""
    seen = shown(replace(written(), sender=Sender("", "news@green.example")), Reader.sample())
    assert message_from_bytes(seen.raw, policy=policy.default)["From"] == "Green Ltd <news@green.example>"


def test_a_subject_is_shown_as_its_header_has_it() -> None:
    seen = shown(written(), Reader.sample({"first_name": "Bo\nBcc: x@y.example"}))
    assert seen.subject == "For Bo Bcc: x@y.example"
    assert message_from_bytes(seen.raw, policy=policy.default)["Subject"] == seen.subject
