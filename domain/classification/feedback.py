"""What readers complain of, as their providers report it: ARF (RFC 5965), Microsoft's JMRP, Amazon's notifications."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from domain.classification.addresses import address_of
from domain.classification.classified import MailKind
from domain.classification.parts import Headers

#: RFC 5965 7.3, RFC 6430, RFC 6591; a type that nobody knows is taken for a complaint.
_BY_TYPE: Mapping[str, MailKind] = {
    "auth-failure": MailKind.REPORT,
    "dmarc": MailKind.REPORT,
    "not-spam": MailKind.REPORT,
    "opt-out": MailKind.UNSUBSCRIBE,
    "opt-out-list": MailKind.UNSUBSCRIBE,
}
_JMRP = "x-hmxmroriginalrecipient"


def kind_of(feedback_type: str) -> MailKind:
    return _BY_TYPE.get(feedback_type, MailKind.COMPLAINT)


def about(report: Headers, returned: Headers) -> str | None:
    """Who complained, as far as the report names somebody: most providers redact it."""
    for name in ("original-rcpt-to", "removal-recipient", "x-original-rcpt-to"):
        if address := address_of(report.get(name)):
            return address
    return address_of(returned.get("to"))


def jmrp_recipient(headers: Headers) -> str | None:
    """Whom Microsoft's junk mail report is about, or None when the mail is none."""
    return address_of(headers.get(_JMRP)) if _JMRP in headers else None


def amazon_notification(text: str) -> Mapping[str, Any] | None:
    """An SES notification that SNS sent as mail."""
    start = text.find('{"')
    if start < 0 or not ("notificationType" in text or "eventType" in text):
        return None
    try:
        found, _ = json.JSONDecoder().raw_decode(text[start:].replace("\n", " "))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
