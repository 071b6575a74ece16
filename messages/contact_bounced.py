"""An address is dead, and is not mailed again: a hard bounce, or soft bounces on end (D10)."""

from __future__ import annotations

from typing import ClassVar

from messages.contact_news import ContactNews


class ContactBounced(ContactNews):
    queue: ClassVar[str] = "contact-bounced"
