"""A change of what stands with people themselves."""

from __future__ import annotations

import pytest

from domain.contact import Contact, left_topic
from domain.errors import Conflict
from handlers.contact_changes import ContactChanges
from tests.builders import a_contact, an_id
from tests.fakes.contacts import MemoryContacts

ANN, BOB = "ann@example.com", "bob@example.com"


def off(contact: Contact) -> Contact:
    return left_topic(contact, "news")


async def test_those_that_are_known_are_changed_and_counted() -> None:
    contacts = MemoryContacts(a_contact(ANN))
    assert await ContactChanges(contacts)([an_id(ANN), an_id(BOB)], off) == 1
    assert contacts.stored[an_id(ANN)].left_topics == {"news"}


async def test_told_twice_it_writes_nothing_the_second_time() -> None:
    contacts = MemoryContacts(a_contact(ANN))
    await ContactChanges(contacts)([an_id(ANN)], off)
    before = dict(contacts.stored)
    assert await ContactChanges(contacts)([an_id(ANN)], off) == 1
    assert contacts.stored == before


async def test_it_gives_up_when_others_do_not_stop() -> None:
    contacts = MemoryContacts(a_contact(ANN))

    async def never(_: object) -> frozenset[str]:
        return frozenset({an_id(ANN)})

    contacts.save = never  # type: ignore[method-assign, assignment]
    with pytest.raises(Conflict, match="1 contacts kept changing"):
        await ContactChanges(contacts)([an_id(ANN)], off)
