"""What one person chooses about themselves, on the page that every mail leads to."""

from __future__ import annotations

from dataclasses import dataclass, replace

from domain.audit import choices
from domain.consent import Tracking
from domain.contact import Contact
from domain.preferences import Choice, Preferences, chosen, preferences
from handlers.contact_changes import ContactChanges
from handlers.page_tokens import campaign_of, contact_of
from handlers.ports.audience import Contacts, Topics
from handlers.ports.clock import Clock
from handlers.ports.responses import Suppressions
from handlers.reader_trail import Noting, not_noted

LANGUAGE_FIELD = "language"  #: the merge field that says what a person reads, where there is one


@dataclass(frozen=True, slots=True)
class Shown:
    preferences: Preferences
    is_mailed: bool  #: False: left all, or suppressed for whatever reason
    language: str | None  #: as their record has it


@dataclass(frozen=True, slots=True)
class PreferencePage:
    contacts: Contacts
    suppressions: Suppressions
    topics: Topics
    changes: ContactChanges
    now: Clock
    noting: Noting = not_noted

    async def of(self, email_id: str) -> Shown | None:
        """What the page shows; None: nobody is stored there any more."""
        key = contact_of(email_id)
        contact = (await self.contacts.load([key])).get(key)
        if contact is None:
            return None
        suppressed = await self.suppressions.of([key])
        shown = preferences(contact, await self.topics.all(), ())
        return Shown(shown, not (contact.opted_out or suppressed), _language(contact))

    async def choose(self, email_id: str, choice: Choice) -> bool:
        """Keep it; False when nobody is stored there any more. Leaving all is `Unsubscriber`'s.

        Raises:
            StoreUnavailable, Conflict: it is not kept.
        """
        key, at, source = contact_of(email_id), self.now(), f"preferences:{campaign_of(email_id)}"
        topics = await self.topics.all()
        before = after = ""

        def changed(contact: Contact) -> Contact:
            nonlocal before, after
            then = chosen(contact, _news(contact, choice), topics, at=at, source=source)
            before, after = choices(contact), choices(then)
            return then

        is_there = bool(await self.changes([key], changed))
        if before != after:
            await self.noting(key, "preferences", at, before, after)
        return is_there


def _news(contact: Contact, choice: Choice) -> Choice:
    """Without an answer that was given before: a repeat changes nothing."""
    answer = {True: Tracking.YES, False: Tracking.NO, None: contact.tracking}[choice.tracking]
    return replace(choice, tracking=None) if answer is contact.tracking else choice


def _language(contact: Contact) -> str | None:
    told = contact.values().get(LANGUAGE_FIELD)
    return told if isinstance(told, str) else None
