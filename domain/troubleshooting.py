"""Every refusal, skip, park and pause: what it means, why, and what to do (R103). Its texts: troubleshooting.toml.

A code is unique within its kind; some words are codes of several kinds, such as "opted_out".
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from inspect import isclass

from domain import errors
from domain.breakers import Rule
from domain.campaign import CampaignStatus
from domain.classification.reasons import Reason
from domain.content_failure import ContentFailed
from domain.email import NOT_SENT, DoubtReason, SkipReason
from domain.imports import RowReason
from domain.remainder import Stays
from domain.review_rules import RULES
from domain.series import EntryEnd, Passed, SeriesStatus
from domain.sync import SyncSkip

_FILE = resources.files("domain") / "troubleshooting.toml"
#: Why the runtime parks a message, beside its refusals (workers/retry.py, workers/parker.py).
PARKED = ("attempts_spent", "too_old", "unexpected_error", "delivery_limit")
#: What `campaigns check` looks at.
CHECKS = ("rabbitmq", "mongodb", "smtp-relay", "dkim", "review-policy", "spamassassin", "organisation")


def _codes_of(kind: type[errors.CampaignsError]) -> tuple[str, ...]:
    found = [each for each in vars(errors).values() if isclass(each) and issubclass(each, kind) and each is not kind]
    return tuple(errors.code_of(each) for each in found)


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    title: str
    codes: tuple[str, ...]


KINDS: Sequence[Kind] = (
    Kind("skip", "People who are not mailed", tuple(SkipReason)),
    Kind("failure", "Why mails were not delivered", tuple(Reason)),
    Kind("doubt", "Emails of which nobody knows whether they went out", (*DoubtReason, NOT_SENT)),
    Kind("remainder", "Who is not sent to with the remainder", tuple(Stays)),
    Kind("breaker", "What pauses a campaign by itself", tuple(Rule)),
    Kind("status", "Where a campaign stands", tuple(CampaignStatus)),
    Kind("series", "Where a series stands", tuple(SeriesStatus)),
    Kind("entry", "Why somebody's way through a series has ended", tuple(EntryEnd)),
    Kind("passed", "Messages of a series that somebody did not get", tuple(Passed)),
    Kind("finding", "What a review finds", tuple(RULES)),
    Kind("sync", "Records that are not synced into lists", tuple(SyncSkip)),
    Kind("import", "Rows that are not imported", tuple(RowReason)),
    Kind("refusal", "Messages and commands that are refused", (*_codes_of(errors.Permanent), ContentFailed().code)),
    Kind("park", "Messages that are parked for what happened to them", PARKED),
    Kind("trouble", "What passes by itself, or when a server is back", _codes_of(errors.Transient)),
    Kind("check", "What `campaigns check` says", CHECKS),
)


@dataclass(frozen=True, slots=True)
class Advice:
    kind: str
    code: str
    means: str
    why: str
    do: str

    @property
    def name(self) -> str:
        return f"{self.kind}.{self.code}"


@cache
def texts() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """The file as it stands: kind -> code -> means, why, do."""
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def advice(kind: str, code: str) -> Advice | None:
    """What there is to say about one code, or None for one that nobody knows."""
    found = texts().get(kind, {}).get(code)
    if found is None:
        return None
    rule = RULES.get(code) if kind == "finding" else None
    return Advice(kind, code, found["means"], found["why"], rule.fix if rule else found["do"])


def matching(text: str) -> list[Advice]:
    """All that a person may mean by a code: "opted_out", "skip.opted_out", also in other spellings."""
    wanted = _plain(text)
    return [each for each in every() if wanted in {_plain(each.code), _plain(each.name)}]


def every() -> Iterable[Advice]:
    """All there is, in the order in which people read about them."""
    return [found for kind in KINDS for code in kind.codes if (found := advice(kind.name, code))]


def _plain(text: str) -> str:
    return text.strip().lower().replace("-", "_").replace(" ", "_").replace(":", ".").replace("._", ".")
