"""Somebody wants no more of our mail, whatever the campaign: a CRM sets its Email Opt Out."""

from __future__ import annotations

from typing import ClassVar

from messages.contact_news import ContactNews


class ContactUnsubscribed(ContactNews):
    queue: ClassVar[str] = "contact-unsubscribed"
