"""Reasons in the words of somebody who has never read a line of SMTP."""

from __future__ import annotations

from collections.abc import Mapping

from domain.email import NOT_SENT, SkipReason
from domain.smtp_reply import Reason

SKIPPED: Mapping[str, str] = {
    SkipReason.UNKNOWN_RECORD: "Picked by id, but the CRM never told us of such a record",
    SkipReason.DELETED: "Deleted in the CRM",
    SkipReason.NO_EMAIL: "Has no email address in the CRM",
    SkipReason.INVALID_EMAIL: "The address is not a valid email address",
    SkipReason.ERASED: "Asked for all personal data to be erased",
    SkipReason.DUPLICATE: "Shares an address with somebody else on the list, who was written to",
    SkipReason.CONTACT_CHANGED: "Changed the address after the review",
    SkipReason.COMPLAINED: "Once marked one of our mails as spam",
    SkipReason.HARD_BOUNCED: "The address does not exist any more",
    SkipReason.OPTED_OUT: "Unsubscribed, or opted out in the CRM",
    SkipReason.NON_MARKETING: "May be written to about business, not for marketing",
    SkipReason.NO_CONSENT: "Never agreed to be written to",
    SkipReason.TOPIC_CONFLICT: "Left this topic, or asked for other topics only",
    SkipReason.CANCELLED: "The campaign ended before it came to them",
    SkipReason.OFFLINE: "The CRM was left before the campaign came to them",
    SkipReason.LEFT_LIST: "Left the list of the series before the message came to them",
    SkipReason.MISSED: "Their day was over before the message could be sent",
}

BOUNCED: Mapping[str, str] = {
    Reason.USER_UNKNOWN: "There is no such mailbox",
    Reason.MOVED: "The mailbox has moved",
    Reason.MAILBOX_DISABLED: "The mailbox was closed or is not used any more",
    Reason.HOST_UNKNOWN: "The domain does not exist",
    Reason.NO_MAIL_HOST: "The domain takes no mail",
    Reason.RECIPIENT_REJECTED: "The server does not take mail for this person",
    Reason.MAILBOX_FULL: "The mailbox is full",
    Reason.MESSAGE_TOO_BIG: "The mail is larger than the server takes",
    Reason.EXPIRED: "The server put it off until we gave up",
    Reason.NETWORK_ERROR: "The server could not be reached",
    Reason.REMOTE_ERROR: "The server had trouble of its own",
    Reason.RATE_LIMITED: "The server wanted fewer mails at a time",
    Reason.BLOCKED: "The server blocks us",
    Reason.AUTH_FAILURE: "Our mail could not be authenticated (SPF, DKIM, DMARC)",
    Reason.TLS_FAILURE: "No secure connection could be made",
    Reason.SENDER_REJECTED: "The server does not accept our sender address",
    Reason.SPAM_CONTENT: "The content was taken for spam",
    Reason.VIRUS_CONTENT: "The content was taken for a virus",
    Reason.CONTENT_ERROR: "The server could not read the mail",
    Reason.POLICY: "Against a policy of the server",
    Reason.PROTOCOL_ERROR: "The servers did not understand each other",
    Reason.UNKNOWN: "The server did not say why",
    NOT_SENT: "Never left our server",
}

ENDS: Mapping[str, str] = {"hard": "for good", "soft": "for now", "failed": "our side"}


def why(reason: str, words: Mapping[str, str]) -> str:
    """In plain words; as it is written where there are none."""
    return words.get(reason) or reason.replace("_", " ").capitalize()
