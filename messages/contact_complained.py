"""Somebody called a mail of ours spam, and is not mailed again."""

from __future__ import annotations

from typing import ClassVar

from messages.contact_news import ContactNews


class ContactComplained(ContactNews):
    queue: ClassVar[str] = "contact-complained"
