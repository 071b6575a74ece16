"""From how links, images and videos answered to what that means for the campaign (R76, D8).

Only what is certain stops a campaign: a deleted video cancels it, a dead link or image keeps it from being sent.
Whatever a server did not say (a time-out, a refusal of programs, an error of its own) is shown and stops nothing.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from domain.assets import Asset, AssetKind, Fetched, Trouble
from domain.campaign import Report
from domain.findings import Finding, ReviewRule, Severity, blocking, worst_first

DELETED_VIDEO, DEAD_LINK, DEAD_IMAGE = "deleted-video", "dead-link", "dead-image"
UNCHECKED, SAMPLE = "unchecked-asset", "sample-link"
_BRING_BACK = "Bring it back, or reopen the campaign and change it."
ASSET_RULES = (
    ReviewRule(
        DELETED_VIDEO, Severity.ERROR, "content", "Put another video there; into a new campaign, if this is cancelled."
    ),
    ReviewRule(DEAD_LINK, Severity.ERROR, "content", _BRING_BACK),
    ReviewRule(DEAD_IMAGE, Severity.ERROR, "content", _BRING_BACK),
    ReviewRule(
        UNCHECKED,
        Severity.UNKNOWN,
        "content",
        "Look at it yourself; servers of your own are asked with CAMPAIGNS_ASSETS__ALLOW_NETWORKS.",
    ),
    ReviewRule(SAMPLE, Severity.WARNING, "content", "Reopen the campaign and put a link of your own there."),
)
RULES: Mapping[str, ReviewRule] = {rule.id: rule for rule in ASSET_RULES}
_GONE = frozenset({404, 410})  # RFC 9110 15.5.5 and 15.5.11
_UNCLEAR = frozenset({400, 401, 403})  #: of a video site: private, not to be embedded, or no such number
#: Names that never lead anywhere (RFC 2606, RFC 6761).
_SAMPLES = re.compile(r"(?:.*\.)?(?:example(?:\.com|\.net|\.org)?|invalid|test)", re.IGNORECASE)
_WORDS: Mapping[Trouble, str] = {
    Trouble.NO_HOST: "its name is not known",
    Trouble.PRIVATE: "it leads to a private address, which is not looked at",
    Trouble.TIME_OUT: "no answer in time",
    Trouble.NO_ANSWER: "no connection",
    Trouble.REDIRECTS: "it is sent on too often",
    Trouble.BAD_URL: "it is not a web address",
}


def is_sample(url: str) -> bool:
    """Whether its name is reserved for examples: nobody need ask."""
    return _SAMPLES.fullmatch(_host(url)) is not None


def asset_findings(assets: Sequence[Asset], fetched: Mapping[str, Fetched]) -> tuple[Finding, ...]:
    """What is wrong with the assets, errors first; `fetched` is by proof. What was not fetched is no finding."""
    names_known = any(answer.status is not None and not _is_ip(url) for url, answer in fetched.items())
    found = [finding for asset in assets for finding in _of(asset, fetched, names_known=names_known)]
    return worst_first(found)


def deleted_videos(findings: Iterable[Finding]) -> str | None:
    """Why the campaign is cancelled, or None."""
    return "; ".join(found.text for found in blocking(findings) if found.rule == DELETED_VIDEO) or None


def with_asset_findings(report: Report, findings: Sequence[Finding]) -> Report:
    """The report with these in place of what an earlier look at the assets said."""
    return replace(report, findings=(*(each for each in report.findings if each.rule not in RULES), *findings))


def _of(asset: Asset, fetched: Mapping[str, Fetched], *, names_known: bool) -> Iterator[Finding]:
    if is_sample(asset.proofs[0]):
        yield _finding(SAMPLE, asset, "the name is reserved for examples")
        return
    answers = [fetched[proof] for proof in asset.proofs if proof in fetched]
    if not answers or _is_fine(answers):
        return
    # A machine without DNS knows no name at all: then an unknown one means nothing.
    if any(each.status in _GONE for each in _decisive(answers)) or (
        asset.kind is not AssetKind.VIDEO and answers[0].trouble is Trouble.NO_HOST and names_known
    ):
        yield _finding(_dead(asset), asset, _said(answers[0]))
        return
    yield _finding(UNCHECKED, asset, _said(answers[0]))


def _is_fine(answers: Sequence[Fetched]) -> bool:
    """The first proof decides; a video that may not be embedded is still seen by its thumbnail."""
    first = answers[0].status
    return _ok(first) or (first in _UNCLEAR and len(answers) > 1 and _ok(answers[1].status))


def _decisive(answers: Sequence[Fetched]) -> Sequence[Fetched]:
    return answers if answers[0].status in _UNCLEAR else answers[:1]


def _ok(status: int | None) -> bool:
    return status is not None and 200 <= status < 300


def _dead(asset: Asset) -> str:
    return {AssetKind.LINK: DEAD_LINK, AssetKind.IMAGE: DEAD_IMAGE, AssetKind.VIDEO: DELETED_VIDEO}[asset.kind]


def _finding(rule: str, asset: Asset, why: str) -> Finding:
    what = {
        DELETED_VIDEO: f"the video {asset.url} was deleted ({why})",
        SAMPLE: f"the {asset.kind} {asset.url} leads nowhere: {why}",
        UNCHECKED: f"the {asset.kind} {asset.url} could not be checked: {why}",
    }.get(rule, f"the {asset.kind} {asset.url} is dead: {why}")
    return RULES[rule].finding(what, place=asset.place)


def _said(answer: Fetched) -> str:
    return f"the server answered {answer.status}" if answer.trouble is None else _WORDS[answer.trouble]


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_ip(url: str) -> bool:
    try:
        ipaddress.ip_address(_host(url))
    except ValueError:
        return False
    return True
