"""Every rule of a review, once: what policies may name, and what docs/review.md lists (D8)."""

from __future__ import annotations

from collections.abc import Mapping

from domain import asset_findings, lint, sender_check, spam_verdict
from domain.findings import ReviewRule, Severity

NO_COMPANY_DETAILS = ReviewRule(
    "no-company-details",
    Severity.ERROR,
    "organisation",
    "Set CAMPAIGNS_ORGANISATION__NAME and CAMPAIGNS_ORGANISATION__POSTAL_ADDRESS.",
    fixed=True,
)
CONTENT_FAILS = ReviewRule("content-fails", Severity.ERROR, "content", "Mend the place that it names.", fixed=True)
NO_DKIM_KEY = ReviewRule(
    "no-dkim-key",
    Severity.WARNING,
    "sender",
    "Make one with `campaigns dkim generate DOMAIN`, or set CAMPAIGNS_SMTP__DKIM=relay where the relay signs.",
)
SAMPLE_TEXT = ReviewRule(
    "sample-text", Severity.WARNING, "content", "Reopen the campaign and fill every place of its template."
)
LIST_GONE = ReviewRule(
    "list-gone",
    Severity.ERROR,
    "list",
    "Make it again: `campaigns list create LIST`, and review once more.",
    fixed=True,
)
TOPIC_GONE = ReviewRule(
    "topic-gone",
    Severity.ERROR,
    "topic",
    "Make it again: `campaigns topic create TOPIC`, and review once more.",
    fixed=True,
)

_OF_LINT = (*(ReviewRule(rule.id, rule.severity, rule.place, rule.fix) for rule in lint.RULES), lint.SPAM_WORDING)
#: In the order in which people read about them.
SECTIONS: Mapping[str, tuple[ReviewRule, ...]] = {
    "Content": (CONTENT_FAILS, SAMPLE_TEXT, *_OF_LINT),
    "Spam engine": spam_verdict.RULES,
    "Links, images, videos": asset_findings.ASSET_RULES,
    "List and topic": (LIST_GONE, TOPIC_GONE),
    "Sender": (NO_COMPANY_DETAILS, NO_DKIM_KEY, *sender_check.RULES),
}
RULES: Mapping[str, ReviewRule] = {rule.id: rule for rules in SECTIONS.values() for rule in rules}
