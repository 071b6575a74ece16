"""What inbound mails are: a file each, its expected outcome in the header X-Expect.

`<kind> <whom it is about, or -> [<reason> dead|alive, of bounces and delays; <detail> of others]`
"""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.classification.classified import Classified, MailKind, Recipient
from domain.classification.mail import classify
from domain.classification.reasons import Effect
from domain.classification.verdict import judged, refusal
from domain.smtp_reply import Reason

MAILS = sorted((Path(__file__).parent / "mails").glob("*.eml"))
TOKEN = "a2" * 24


def named(name: str) -> bytes:
    return next(path for path in MAILS if path.stem == name).read_bytes()


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_a_mail_is_told_for_what_it_is(path: Path) -> None:
    raw = path.read_bytes()
    expected = raw.split(b"\n", 1)[0].decode().split()[1:]
    found = classify(raw)
    assert _told(found)[: len(expected)] == expected


def _told(found: Classified) -> list[str]:
    first = found.recipients[0] if found.recipients else Recipient(None, found.kind)
    told = [str(found.kind), first.address or "-"]
    if first.verdict is None:
        return [*told, found.detail or ""]
    return [*told, str(first.verdict.reason), "dead" if first.verdict.effect is Effect.HARD else "alive"]


def test_a_bounce_leads_back_by_the_returned_mail_and_by_our_own_address() -> None:
    original = classify(named("bounce-dsn")).original
    assert original.message_ids == ("1.spring@shop.example",)
    assert original.token_addresses == (f"b+{TOKEN}@shop.example",)
    assert original.headers.get("subject") == "Spring"


def test_the_address_a_mail_was_delivered_to_counts_where_the_headers_hide_it() -> None:
    found = classify(b"From: MAILER-DAEMON@x.example\n\n550 user unknown", sent_to=f"b+{TOKEN}@shop.example")
    assert found.original.token_addresses == (f"b+{TOKEN}@shop.example",)
    out = classify(b"From: ann@there.example\nSubject: hi\n\n", sent_to=f"U+{TOKEN.upper()}@shop.example")
    assert (out.kind, out.original.token_addresses) == (MailKind.UNSUBSCRIBE, (f"u+{TOKEN}@shop.example",))


def test_a_bounce_of_a_mail_that_nothing_shows_to_be_ours_is_not_traceable() -> None:
    """Backscatter: whoever forges our address makes servers bounce to us. It may never suppress anybody."""
    assert not classify(named("bounce-forged")).original.traceable
    assert classify(named("bounce-dsn")).original.traceable


def test_a_receipt_and_a_complaint_lead_back_to_the_mail_they_are_about() -> None:
    assert classify(named("read_receipt-displayed")).original.message_ids == ("1.spring@shop.example",)
    assert classify(named("complaint-arf-abuse")).original.token_addresses == (f"b+{TOKEN}@shop.example",)


def test_the_evidence_of_a_verdict_is_all_there() -> None:
    verdict = classify(named("bounce-dsn")).recipients[0].verdict
    assert verdict is not None
    assert (verdict.code, verdict.enhanced, verdict.text) == (550, "5.1.1", "550 5.1.1 User unknown")
    assert (verdict.reason, verdict.rule, verdict.confidence) == (Reason.USER_UNKNOWN, "text:user-unknown", "text")


def test_each_recipient_of_a_report_has_its_own_verdict() -> None:
    blocks = "\n\n".join(
        f"Final-Recipient: rfc822; {who}@there.example\nAction: {action}\nStatus: {status}"
        for who, action, status in (
            ("ann", "failed", "5.1.1"),
            ("bob", "failed", "5.2.2"),
            ("cyd", "delivered", "2.0.0"),
        )
    )
    raw = f"From: MAILER-DAEMON@x.example\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n{blocks}\n"
    found = classify(raw.encode())
    assert [(one.address, one.kind, one.verdict and one.verdict.reason) for one in found.recipients] == [
        ("ann@there.example", MailKind.BOUNCE, Reason.USER_UNKNOWN),
        ("bob@there.example", MailKind.BOUNCE, Reason.MAILBOX_FULL),
        ("cyd@there.example", MailKind.DELIVERED, None),
    ]


def test_an_auto_reply_is_no_bounce_although_it_comes_from_nobody() -> None:
    assert classify(named("autoreply-gmail")).kind is MailKind.AUTOREPLY
    assert classify(named("bounce-prose-delay")).kind is MailKind.BOUNCE  # with Auto-Submitted, as half of all bounces


def test_the_words_of_our_own_footer_unsubscribe_nobody() -> None:
    assert classify(named("reply-outlook")).kind is MailKind.REPLY


@pytest.mark.parametrize(
    "said", ["<{}>: no such user", "{} mailbox full", "552 5.2.2 <{}> quota", "refused {} after RCPT", ""]
)
@pytest.mark.parametrize(
    "address",
    ["jane.doe@there.example", "j2@x5.example", "jane+5@there.example", "550-5.2.2@there.example", "a@after.example",
     "over.quota@full.example", "J@5.1.1.example", "no.such.user@b.example"],
)  # fmt: skip
def test_a_verdict_of_a_report_is_the_one_on_its_own_words(said: str, address: str) -> None:
    """However it comes to it: many are refused in the same words."""
    head = "From: MAILER-DAEMON@x.example\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n"
    blocks = [
        f"\nFinal-Recipient: rfc822; {one}\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; {said.format(one)}\n"
        for one in ("bob@there.example", address)
    ]
    found = classify("".join([head, *blocks]).encode()).recipients[-1].verdict
    assert found == judged(refusal(said.format(address), status="5.0.0", notices=("",)))
