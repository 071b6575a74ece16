"""Mailing lists in memory."""

from __future__ import annotations

from collections.abc import Sequence

from domain.lists import MailingList


class MemoryLists:
    def __init__(self, *lists: MailingList) -> None:
        self.stored: dict[str, MailingList] = {each.id: each for each in lists}

    async def get(self, list_id: str) -> MailingList | None:
        return self.stored.get(list_id)

    async def add(self, mailing_list: MailingList) -> None:
        self.stored.setdefault(mailing_list.id, mailing_list)

    async def redefine(self, mailing_list: MailingList) -> bool:
        if mailing_list.id not in self.stored:
            return False
        self.stored[mailing_list.id] = mailing_list
        return True

    async def all(self) -> Sequence[MailingList]:
        return [self.stored[key] for key in sorted(self.stored)]
