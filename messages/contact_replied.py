"""Somebody has answered a mail of a campaign."""

from __future__ import annotations

from typing import ClassVar

from messages.contact_news import ContactNews


class ContactReplied(ContactNews):
    queue: ClassVar[str] = "contact-replied"

    campaign_id: str
