"""What people decide about themselves: topics, leaving all, consents. The data of the preference page.

Only the functions here bring anybody back to a topic: they stand for the person's own word, and for nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.campaign import DEFAULT_TOPIC, LawfulBasis
from domain.consent import Consent, ConsentTo, Tracking, remembered
from domain.contact import Contact, OptOut
from domain.lists import MailingList, Topic

MARKETING = Topic(DEFAULT_TOPIC, "Marketing")  #: there without being created (R52)


class Holding(StrEnum):
    """Where somebody stands with a topic."""

    HELD = "held"
    LEFT = "left"
    OPEN = "open"  #: never said; mailed as long as no other topic is held


@dataclass(frozen=True, slots=True)
class TopicChoice:
    topic: Topic
    holding: Holding


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the page shows one person."""

    address: str
    topics: tuple[TopicChoice, ...]
    lists: tuple[MailingList, ...]  #: those the person is on, with what they say of themselves
    opted_out: bool
    tracking: Tracking


@dataclass(frozen=True, slots=True)
class Choice:
    """What one person chose there. None: not asked."""

    topics: frozenset[str] | None = None  #: wanted of those offered; the others are left
    leave_all: bool = False
    tracking: bool | None = None


def preferences(contact: Contact, topics: Sequence[Topic], lists: Iterable[MailingList]) -> Preferences:
    """The page of one person; `topics` and `lists` are all there are."""
    return Preferences(
        address=contact.address,
        topics=tuple(TopicChoice(topic, _holding(contact, topic)) for topic in offered(topics)),
        lists=tuple(each for each in lists if each.id in contact.memberships),
        opted_out=contact.opted_out,
        tracking=contact.tracking,
    )


def offered(topics: Sequence[Topic]) -> tuple[Topic, ...]:
    """The topics there are, marketing first."""
    named = next((topic for topic in topics if topic.id == DEFAULT_TOPIC), MARKETING)
    return (named, *(topic for topic in topics if topic.id != DEFAULT_TOPIC))


def chosen(contact: Contact, choice: Choice, topics: Sequence[Topic], *, at: datetime, source: str) -> Contact:
    """The contact after what it chose. Leaving one topic, or each of them, is not leaving all.

    Whoever leaves all is suppressed as well: the caller stores that first, because it outlives the contact.
    """
    if choice.topics is not None:
        there = {topic.id for topic in offered(topics)}
        taken_up = contact.left_topics & choice.topics & there
        contact = _with_topics(contact, choice.topics, there)
        for topic_id in sorted(taken_up):
            contact = consented(contact, _taken_up(topic_id, at, source))
    if choice.tracking is not None:
        contact = consented(contact, Consent(ConsentTo.TRACKING, choice.tracking, at, source))
    if choice.leave_all:
        contact = consented(contact, Consent(ConsentTo.MAIL, given=False, at=at, source=source))
    return contact


def consented(contact: Contact, consent: Consent) -> Contact:
    """The contact with one more yes or no. A no to mail opts out; a yes never takes an earlier no back."""
    contact = replace(contact, consents=remembered(contact.consents, [consent]))
    if consent.to is ConsentTo.MAIL and not consent.given and contact.opt_out is None:
        return replace(contact, opt_out=OptOut(consent.at, consent.source))
    return contact


def welcomed_back(contact: Contact, consent: Consent) -> Contact:
    """The contact without its opt-out, because an operator has proof that the person took it back.

    What its CRM records say stays: that is changed in the CRM.
    """
    return replace(contact, opt_out=None, consents=remembered(contact.consents, [consent]))


def _holding(contact: Contact, topic: Topic) -> Holding:
    if topic.id in contact.left_topics:
        return Holding.LEFT
    return Holding.HELD if topic.id in contact.topics else Holding.OPEN


def _taken_up(topic_id: str, at: datetime, source: str) -> Consent:
    """What proves that a topic that was left is wanted again."""
    proof = f"chose topic {topic_id} again on their own page"
    return Consent(ConsentTo.MAIL, given=True, at=at, source=source, proof=proof, basis=LawfulBasis.CONSENT)


def _with_topics(contact: Contact, wanted: frozenset[str], there: set[str]) -> Contact:
    """Topics that are not offered stay as they were."""
    taken, left = wanted & there, there - wanted
    return replace(contact, topics=(contact.topics - left) | taken, left_topics=(contact.left_topics - taken) | left)
