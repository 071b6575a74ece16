"""What to do about a message of a series, where the advice for campaigns would not do: it names commands or ways that
a message does not have (domain/what_to_type.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from domain.asset_findings import DEAD_IMAGE, DEAD_LINK, DELETED_VIDEO, SAMPLE
from domain.campaign import Campaign
from domain.classification.reasons import Reason
from domain.email import SkipReason
from domain.findings import Finding
from domain.review_rules import SAMPLE_TEXT
from domain.spam_verdict import ENGINE_AWAY

_APPLIED = "`campaigns series export {series} --to FILE`, then `campaigns series apply FILE`"
_REVIEWED = f"{_APPLIED} and `campaigns series review {{series}}`."
#: By kind and code of domain/troubleshooting.py.
FIXES: Mapping[tuple[str, str], str] = {
    ("finding", SAMPLE_TEXT.id): f"Write your own words there: {_REVIEWED}",
    (
        "finding",
        DELETED_VIDEO,
    ): f"Put another video there; once it was cancelled, in a message of another key: {_REVIEWED}",
    ("finding", DEAD_LINK): f"Bring it back, or change it: {_REVIEWED}",
    ("finding", DEAD_IMAGE): f"Bring it back, or change it: {_REVIEWED}",
    ("finding", SAMPLE): f"Put a link of your own there: {_REVIEWED}",
    ("finding", ENGINE_AWAY.id): (
        "Start spamd, or mend CAMPAIGNS_REVIEW__SPAMD_HOST; before the series has begun, "
        "`campaigns campaign reopen {campaign}` and `campaigns series review {series}` ask it again."
    ),
    ("skip", SkipReason.UNKNOWN_RECORD): "Have the record published (record-changed); whoever enters later gets it.",
    ("skip", SkipReason.DELETED): "Nothing. If it was deleted by mistake, undelete it in the CRM.",
    ("skip", SkipReason.CONTACT_CHANGED): "Nothing: with the new address the person enters from the beginning.",
    ("skip", SkipReason.NON_MARKETING): (
        "Nothing, or the purpose transactional for the series, if it is what the person is owed: " + _REVIEWED
    ),
    ("skip", SkipReason.TOPIC_CONFLICT): (
        f"Nothing, or another topic for the series if the wrong one was chosen: {_REVIEWED}"
    ),
    ("skip", SkipReason.CANCELLED): (
        "Nothing: a message that was ended never goes on. `campaigns series show {series}` says what does."
    ),
    ("skip", SkipReason.OFFLINE): (
        "Nothing: the series stays offline. `campaigns series export {series}` makes the document for another one."
    ),
    ("failure", Reason.AUTH_FAILURE): (
        "`campaigns campaign show {campaign}` lists what DNS lacked at the review (docs/review.md); mend it, then "
        "`campaigns campaign remainder {campaign}`."
    ),
    ("failure", Reason.SPAM_CONTENT): f"Change the content for those who come to it from now on: {_REVIEWED}",
    ("failure", Reason.CONTENT_ERROR): (
        "Correct the record, then `campaigns campaign remainder {campaign}`; if it is the content, change that before: "
        + _REVIEWED
    ),
}


def what_to_do(campaign: Campaign, kind: str, code: str, otherwise: str) -> str:
    """What to do about this of a campaign: `otherwise`, unless it is a message of a series that needs other words."""
    found = FIXES.get((kind, code)) if campaign.series is not None else None
    return found.format(series=campaign.series, campaign=campaign.id) if found else otherwise


def with_fixes(campaign: Campaign, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """What a review found of a campaign, each with a way to mend it that is open to it."""
    return tuple(replace(each, fix=what_to_do(campaign, "finding", each.rule, each.fix)) for each in findings)
