"""A newsletter of about 10 kB with ten merge fields, the people it goes to, and its rows of the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar

from config.settings import Settings
from domain.assembly import OutgoingMail
from domain.campaign import Campaign, CampaignStatus, Content, Report, hash_of
from domain.contact import Contact, ContactField, Membership, Source, Stamp, SubscriptionType, contact_id
from domain.email import Email, EmailState, email_id, message_id
from domain.mailer import mailer_of, recipient_of
from domain.predesigned import predesigned
from repositories.stores import Stores
from tests.builders import a_campaign
from workers.dkim_keys import dkim_keys
from workers.options import address_key, batch_size, organisation, signing_keys

T = TypeVar("T")

LIST = "news"
AT_ONCE = 1000  #: documents per write while seeding
_GIVEN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

_SUBJECT = "{{ first_name | default('Hello') }}, the spring news for {{ company }}"
_BODY = """Dear {{ first_name | default("reader") }} {{ last_name }},

as {{ position }} at {{ company }} in {{ city }} you asked us to write when something changes. Two things did, and we
think that the second one matters to you most. Your number with us is still {{ customer_number }}, and your plan,
{{ plan }}, has not changed.

First: orders from {{ country }} are now packed on the day they come in, up to four in the afternoon. Until now that was
noon, and whoever wrote at one o'clock waited a day longer than necessary. We moved a wall, hired two people and changed
the hour at which the lorry comes; all three were needed, and the lorry was the hardest to move.

Second: {{ account_manager }}, who looks after you, has a direct line since March. Please write it down: {{ phone }}. It
rings on a desk and not in a queue, and if nobody is at the desk it rings on the next one.

Thank you for the time that it took to read this, {{ first_name | default("dear reader") }}. Answer this letter if you
have a question: it comes to people who know {{ company }} and read what you write."""
FIELDS = (
    "first_name", "last_name", "position", "company", "city", "customer_number", "plan", "country", "account_manager",
    "phone",
)  # fmt: skip


def people(count: int, key: bytes) -> Iterator[Contact]:
    """Contacts on the list, with a value in each of the ten fields; one by one, for 400,000 fill the memory."""
    return (_person(number, key) for number in range(count))


def _person(number: int, key: bytes) -> Contact:
    address = f"jane.person{number}@company{number % 997}.example"
    stamp = Stamp(_GIVEN, 1, f"Leads:{number}")
    return Contact(
        id=contact_id(address, key),
        address=address,
        sources={stamp.ref: Source(stamp.ref, stamp)},
        fields={name: ContactField(f"{name.replace('_', ' ').title()} {number}", stamp) for name in FIELDS},
        memberships={LIST: Membership(LIST, frozenset({f"sync:leads|{stamp.ref}"}))},
        subscription=SubscriptionType.MARKETING,
    )


def campaign(name: str, slices: int, chains: int) -> Campaign:
    """As it is stored while it is being sent."""
    written = predesigned("basic-one-column").source({"headline": "News for {{ company }}", "body": _BODY})
    content = Content(_SUBJECT, "What changes this spring", written.html)
    draft = a_campaign(name, content=content, list_id=LIST, slices=slices, chains=chains)
    return replace(draft, status=CampaignStatus.SENDING, reviewed_hash=hash_of(draft))


def rows(of: Campaign, people: Iterable[Contact], per_batch: int) -> Iterator[Email]:
    """Planned rows in batches of so many."""
    return (row(of, person, number // per_batch) for number, person in enumerate(people))


def row(of: Campaign, person: Contact, batch: int) -> Email:
    key = email_id(of.id, person.id)
    return Email(
        id=key,
        campaign_id=of.id,
        contact_id=person.id,
        address=person.address,
        ref=next(iter(person.sources)),
        state=EmailState.PLANNED,
        message_id=message_id(key, of.sender.domain),
        slice=batch,
        state_at=_GIVEN,
    )


async def seed_people(stores: Stores, count: int, settings: Settings) -> None:
    """Stores them."""
    for some in _portions(people(count, address_key(settings))):
        await stores.contacts.save(some)


async def seed_campaign(stores: Stores, name: str, count: int, settings: Settings) -> Campaign:
    """Stores a campaign to the first `count` people with its ledger and batches, as send-requested leaves it."""
    of = campaign(name, _batches(count, settings), settings.sending.chains)
    await _seed(stores, of, count, settings)
    await stores.slices.plan(of.id, range(of.slices))
    return of


async def seed_reviewed(stores: Stores, name: str, count: int, settings: Settings) -> Campaign:
    """Stores a campaign to the first `count` people with its ledger, as the review leaves it."""
    of = campaign(name, _batches(count, settings), 0)
    of = replace(of, status=CampaignStatus.REVIEWED, report=Report(from_list=count, to_send=count))
    await _seed(stores, of, count, settings)
    return of


async def _seed(stores: Stores, of: Campaign, count: int, settings: Settings) -> None:
    await stores.campaigns.add(of)
    for some in _portions(rows(of, people(count, address_key(settings)), batch_size(settings))):
        await stores.emails.plan(some)


def _batches(count: int, settings: Settings) -> int:
    return -(-count // batch_size(settings))


def mails(count: int, settings: Settings) -> list[OutgoingMail]:
    """The ready bytes that the workers would send to the first `count` people."""
    of = campaign("ready", 1, 1)
    assembler = mailer_of(of, organisation(settings), signing_keys(settings), dkim_keys(settings))
    now, to = datetime.now(UTC), people(count, address_key(settings))
    return [assembler.mail(recipient_of(row(of, person, 0), person), now=now) for person in to]


def _portions(items: Iterable[T]) -> Iterator[list[T]]:
    waiting = iter(items)
    return iter(lambda: list(islice(waiting, AT_ONCE)), [])
