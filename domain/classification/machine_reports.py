"""Steps of the pipeline: mails that were made for machines to read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from domain.classification import delivery_status, feedback, notice
from domain.classification.addresses import address_of
from domain.classification.classified import Classified, MailKind, Recipient
from domain.classification.inbound import RULED, Inbound
from domain.classification.parts import Part, read_headers
from domain.classification.verdict import Verdict, judged, refusal

_STATUS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_DONE = frozenset({"delivered", "relayed", "expanded"})
#: An address in which nothing can be taken for a code, or for words that tell at what stage it was refused.
_PLAIN = re.compile(
    r"(?!.*(?:after|reply|response|time))(?=.{3,100}\Z)[a-z_]\w{0,63}(?:[.+-][a-z_]\w{0,63}){0,9}"
    r"@[a-z]\w{0,63}(?:[.-][a-z]\w{0,63}){0,9}",
    re.ASCII | re.IGNORECASE,
)
_SOMEBODY = "somebody@there.example"


def feedback_report(inbound: Inbound) -> Classified | None:
    """ARF, in any of the shapes it is sent in; then JMRP."""
    for part in inbound.parts:
        if part.type == "message/feedback-report" and not part.returned:
            report = read_headers(part.text().lstrip().encode("utf-8", "replace"))[0]
            kind = report.get("feedback-type").strip().lower()
            person = feedback.about(report, inbound.returned)
            found = feedback.kind_of(kind)
            return inbound.told(found, "arf", [Recipient(person, found)], kind or None)
    for headers in (inbound.headers, inbound.returned):
        if person := feedback.jmrp_recipient(headers):
            return inbound.told(MailKind.COMPLAINT, "jmrp", [Recipient(person, MailKind.COMPLAINT)], "abuse")
    return None


def read_receipt(inbound: Inbound) -> Classified | None:
    """A read receipt (RFC 8098): read, deleted, displayed; it says nothing but that the mailbox is there.

    Dovecot's sieve refuses mail with one that comes from its daemon: that is a bounce.
    """
    if ("bounce", "from") in inbound.met and ("bounce", "text") in inbound.met:
        return None
    for part in inbound.parts:
        if part.type == "message/disposition-notification" and not part.returned:
            fields = read_headers(part.text().lstrip().encode("utf-8", "replace"))[0]
            person = address_of(fields.get("final-recipient")) or inbound.sender
            disposition = fields.get("disposition").rpartition(";")[2].strip().lower()
            return inbound.told(
                MailKind.READ_RECEIPT, "mdn", [Recipient(person, MailKind.READ_RECEIPT)], disposition or None
            )
    return None


def calendar_answer(inbound: Inbound) -> Classified | None:
    for part in inbound.parts:
        if part.type == "text/calendar" and not part.returned:
            method = part.parameters.get("method", "").lower()
            return inbound.told(
                MailKind.CALENDAR, "calendar", [Recipient(inbound.sender, MailKind.CALENDAR)], method or None
            )
    return None


def provider_report(inbound: Inbound) -> Classified | None:
    rule = inbound.met.get(("report", "subject"))
    return inbound.told(MailKind.REPORT, f"subject:{rule}") if rule else None


def delivery_report(inbound: Inbound) -> Classified | None:
    """RFC 3464, wherever its fields stand: in their own part, or pasted into a text."""
    reports = [part for part in inbound.parts if part.type in _STATUS and not part.children]
    own = [part for part in reports if not part.returned]
    if not own and ("bounce", "from") in inbound.met:
        own = reports  # a gateway put the report into a mail of its own
    found = [one for part in own for one in delivery_status.statuses(_whole(part))]
    if not found and delivery_status.has_statuses(inbound.full_text):
        found = delivery_status.statuses(inbound.full_text)
    if not found:
        return None
    recipients = [_reported(inbound, one, alone=len(found) == 1) for one in found[: delivery_status.MAX_RECIPIENTS]]
    return inbound.told(_worst(recipients), "dsn", recipients)


def _whole(part: Part) -> str:
    """A report of a thousand recipients is longer than the text of a part may be."""
    if part.headers.get("content-transfer-encoding").lower() in {"base64", "quoted-printable"}:
        return part.text()
    return part.body.decode("utf-8", "replace")


def _reported(inbound: Inbound, one: delivery_status.Status, *, alone: bool) -> Recipient:
    address = one.written or (inbound.originally_to[0] if alone and inbound.originally_to else None)
    if one.action in _DONE:
        return Recipient(address, MailKind.DELIVERED, elsewhere=one.elsewhere)
    delayed = one.action == "delayed"
    told = _told_of(inbound, one.address, alone=alone)
    verdict = _judged(one.diagnostic[:RULED], one.address or "", one.status, not delayed, told)
    return Recipient(address, MailKind.DELAYED if delayed else MailKind.BOUNCE, verdict, one.elsewhere)


def _judged(said: str, address: str, status: str | None, failed: bool, told: tuple[str, ...]) -> Verdict:
    """The verdict on these words. A thousand recipients are refused in the same ones, but for their addresses.

    Rules take all addresses for the same (`rules.normal`): one verdict does where nothing in them looks like a code.
    """
    if not _PLAIN.fullmatch(address):
        return judged(refusal(said, status=status, failed=failed, notices=told))
    found = _judged_alike(said.replace(address, _SOMEBODY), status, failed, told)
    return replace(found, text=said) if said else found


@lru_cache(maxsize=64)
def _judged_alike(said: str, status: str | None, failed: bool, told: tuple[str, ...]) -> Verdict:
    return judged(refusal(said, status=status, failed=failed, notices=told))


def _told_of(inbound: Inbound, address: str | None, *, alone: bool) -> tuple[str, ...]:
    """What the notice says of one recipient: all of it when there is no other."""
    text = inbound.notice.text
    below = notice.words_after(text, address) if address else ""
    return (below[:RULED], notice.evidence(text), text[:RULED]) if alone else (below[:300],)


def _worst(recipients: Sequence[Recipient]) -> MailKind:
    kinds = {one.kind for one in recipients}
    order = (MailKind.BOUNCE, MailKind.DELAYED, MailKind.DELIVERED)
    return next(kind for kind in order if kind in kinds)


def amazon_notice(inbound: Inbound) -> Classified | None:
    """Notifications of SES that SNS delivers by mail."""
    found = feedback.amazon_notification(inbound.full_text)
    if found is None:
        return None
    recipients = [*_amazon_recipients(found)]
    return inbound.told(recipients[0].kind, "ses", recipients) if recipients else None


def _amazon_recipients(found: Mapping[str, Any]) -> Sequence[Recipient]:
    complained = _listed(found, "complaint", "complainedRecipients")
    recipients = [Recipient(address_of(str(one.get("emailAddress"))), MailKind.COMPLAINT) for one in complained]
    recipients += [_amazon_bounce(one) for one in _listed(found, "bounce", "bouncedRecipients")]
    delivery = found.get("delivery")
    names = delivery.get("recipients") if isinstance(delivery, dict) else None
    named = names if isinstance(names, list) else []
    return [*recipients, *(Recipient(address_of(str(name)), MailKind.DELIVERED) for name in named)]


def _amazon_bounce(one: Mapping[str, Any]) -> Recipient:
    said, status = str(one.get("diagnosticCode") or ""), str(one.get("status") or "") or None
    verdict = judged(refusal((said.partition(";")[2] or said)[:RULED], status=_enhanced(status)))
    return Recipient(address_of(str(one.get("emailAddress"))), MailKind.BOUNCE, verdict)


def _listed(found: Mapping[str, Any], section: str, key: str) -> Sequence[Mapping[str, Any]]:
    inner = found.get(section)
    listed = inner.get(key) if isinstance(inner, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _enhanced(status: str | None) -> str | None:
    return status if status and re.fullmatch(r"[245]\.\d{1,3}\.\d{1,3}", status) else None
