"""All that handlers may ask of the outside world. Repositories and gateways fit themselves to this page.

Every method raises StoreUnavailable (RelayUnavailable for `Relay`) when its server does not answer; whatever it was
writing may then be partly written, and is written again by the repeat. Collections go in and come out as collections:
one query, one bulk write.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.assembly import OutgoingMail
from domain.books import Books
from domain.campaign import Campaign, CampaignStatus
from domain.contact import Contact
from domain.delivery import Attempt
from domain.eligibility import SuppressionReason
from domain.email import Email, EmailEvent, Outcome
from domain.events import StoredEvent
from domain.lists import MailingList, Suppression, Topic
from domain.module import Module
from domain.record import Record
from domain.saved_template import SavedTemplate
from domain.slices import Claim, KeyRange, Run, Slice
from domain.sync import Sync
from domain.throttle import Ask, Grant
from domain.warm_up import DayGrant

Clock = Callable[[], datetime]  #: now, aware, UTC


class Records(Protocol):
    async def load(self, refs: Collection[str]) -> Mapping[str, Record]:
        """Those that are stored, by ref ("module:record_id")."""

    async def save(self, records: Sequence[Record]) -> frozenset[str]:
        """Store each unless its stored revision is another; the refs of those that were not."""

    async def mark_projected(self, records: Sequence[Record]) -> frozenset[str]:
        """Store `projected` of each that is still at its revision; the refs of those that changed in the meantime.

        The revision counts up, as with `save`.
        """

    def keys(self, module: str) -> AsyncIterator[str]:
        """All refs of a module, deleted ones too, ascending."""

    async def within(self, keys: KeyRange) -> Sequence[Record]:
        """Records whose ref is in the range, ascending."""

    async def count(self, module: str, as_of: datetime | None = None) -> int:
        """Records of the module that are not deleted; with `as_of`, also those that were deleted only after it."""


class Contacts(Protocol):
    async def load(self, ids: Collection[str]) -> Mapping[str, Contact]: ...

    async def save(self, contacts: Sequence[Contact]) -> frozenset[str]:
        """Store each, one revision on, unless its stored revision is another; the ids of those that were not."""

    def members(self, list_id: str) -> AsyncIterator[str]:
        """Ids of all contacts on the list, ascending."""

    async def members_within(self, list_id: str, keys: KeyRange) -> Sequence[Contact]: ...


class Lists(Protocol):
    async def get(self, list_id: str) -> MailingList | None: ...

    async def add(self, mailing_list: MailingList) -> None:
        """Store it; one that is stored already stays as it is."""


class Topics(Protocol):
    async def get(self, topic_id: str) -> Topic | None: ...

    async def add(self, topic: Topic) -> None: ...


class Templates(Protocol):
    """Templates that people saved; the pre-designed ones are in domain/predesigned.py."""

    async def get(self, name: str) -> SavedTemplate | None: ...

    async def save(self, template: SavedTemplate) -> None:
        """Store it, in place of one with the same name."""

    async def all(self) -> Sequence[SavedTemplate]:
        """All of them, in the order of their names."""


class Modules(Protocol):
    async def get(self, name: str) -> Module | None:
        """A module that was described, or a built-in one."""


class Syncs(Protocol):
    async def get(self, sync_id: str) -> Sync | None: ...

    async def save(self, sync: Sync) -> None: ...

    async def active(self, modules: Collection[str] | None = None) -> Sequence[Sync]:
        """Active syncs of these modules, or of all, in the order of their ids."""


class Runs(Protocol):
    """Sync runs, or review runs: each kind is a store of its own."""

    async def create(self, run: Run) -> None:
        """Store it; one that is stored already stays as it is."""

    async def get(self, run_id: str) -> Run | None: ...

    async def latest(self, subject: str) -> Run | None:
        """The run of this sync or campaign that was started last."""

    async def finish_slice(self, run_id: str, phase: str, number: int, counts: Mapping[str, int]) -> Run | None:
        """Mark a slice done and keep its counts; told twice, it counts once. The run, or None when `phase` is over.

        The last phase is never over: a repeat after the end is told the run as well.
        """

    async def advance(self, run: Run, phase: str, ranges: Sequence[KeyRange]) -> Run:
        """Begin the next phase unless somebody did: the run as it is stored after that. Counts go on."""

    async def end(self, run_id: str, at: datetime) -> bool:
        """Close the run; False when it was closed before."""


class Campaigns(Protocol):
    async def get(self, campaign_id: str) -> Campaign | None: ...

    async def add(self, campaign: Campaign) -> None:
        """Store a new one. Raises Conflict when its id is taken."""

    async def save(self, campaign: Campaign, *, expected: Collection[CampaignStatus]) -> Campaign:
        """Store it if the stored one has this revision and one of these statuses. Raises Conflict otherwise."""

    async def in_status(
        self, statuses: Collection[CampaignStatus], *, since: datetime | None = None
    ) -> Sequence[Campaign]:
        """Campaigns with one of these statuses; with `since`, only those that got it at that time or later."""

    async def take_slice_numbers(self, campaign_id: str, count: int) -> int:
        """Reserve `count` slice numbers; the first of them."""


class Emails(Protocol):
    """The ledger."""

    async def plan(self, rows: Sequence[Email]) -> None:
        """Insert rows; those that exist stay as they are."""

    async def drop(self, campaign_id: str) -> int:
        """Remove all rows of a campaign of which nothing was sent; how many."""

    async def open_slices(self, campaign_id: str) -> Sequence[int]:
        """Numbers of the slices that hold open rows, ascending; rows that wait in none are in NO_SLICE, not told."""

    async def due_in_slice(self, campaign_id: str, number: int) -> Sequence[Email]:
        """Open rows of the slice: planned ones, and deferred ones that were put there because they are due."""

    async def store(self, outcomes: Sequence[Outcome]) -> None:
        """Move rows on, forward only: a row that has ended stays, evidence settles one in doubt.

        The same outcome counts once however often it is stored. A deferred row leaves its slice (NO_SLICE).
        """

    async def apply(self, events: Sequence[EmailEvent]) -> frozenset[str]:
        """Apply events in one write, in any order and however often; the ids that are in no ledger."""

    async def doubt(self, campaign_id: str, number: int, at: datetime) -> int:
        """Mark what is still open in an abandoned slice as in doubt, or as what events proved already; how many."""

    async def due(self, campaign_id: str, now: datetime, limit: int) -> Sequence[str]:
        """Ids of deferred rows whose time has come and that are in no slice yet, the longest due first."""

    async def put_in_slice(self, ids: Sequence[str], number: int, *, out_of: int) -> None:
        """Move those that are open and still in the slice `out_of`: who was moved by somebody else stays there."""

    async def skip_open(self, campaign_id: str, reason: str, at: datetime) -> int:
        """Skip every row that is still open; how many."""

    async def of_addresses(self, campaign_id: str, addresses: Collection[str]) -> Sequence[Email]: ...

    async def books(self, campaign_id: str, selected: int) -> Books: ...


class Slices(Protocol):
    """Batches of ledger rows; leases are on the server's clock."""

    async def plan(self, campaign_id: str, numbers: Sequence[int]) -> None:
        """Insert slices nobody holds; those that exist stay as they are."""

    async def claim(self, campaign_id: str, number: int, owner: str, lease_s: float) -> tuple[Claim, Slice]:
        """Take a slice that nobody holds, or say why not. Raises UnknownCampaign when there is no such slice."""

    async def start(self, held: Slice, lease_s: float) -> bool:
        """Stamp it right before its first DATA; False when the lease was lost: then nothing may be sent."""

    async def renew(self, held: Slice, lease_s: float) -> bool: ...

    async def release(self, held: Slice) -> None:
        """Give it back: none of its open rows is under way."""

    async def finish(self, held: Slice) -> None: ...

    async def abandoned(self, campaign_id: str) -> Sequence[Slice]:
        """Slices whose lease ran out; `state` tells whether sending had begun."""

    async def close(self, abandoned: Slice) -> None:
        """Finish a started slice of a dead owner, after its rows were put in doubt."""

    async def unfinished(self, campaign_id: str) -> Sequence[Slice]:
        """Slices that are not done, ascending by number."""

    async def holding(self, campaign_id: str, number: int) -> Slice | None:
        """One slice as it is now: who holds it, who has done it."""


class Suppressions(Protocol):
    async def of(self, contact_ids: Collection[str]) -> Mapping[str, frozenset[SuppressionReason]]:
        """Only those that are suppressed."""

    async def add(self, suppressions: Sequence[Suppression]) -> None:
        """Store them; a reason that is stored already keeps its first time and evidence."""


class Events(Protocol):
    async def add(self, events: Sequence[StoredEvent]) -> None:
        """Store them; one whose id is known stays as it is."""


class Leases(Protocol):
    async def take(self, name: str, owner: str, lease_s: float) -> bool:
        """Take or renew a lease on the server's clock; False while somebody else holds it."""

    async def once(self, name: str) -> bool:
        """True for the first caller ever with this name."""

    async def forget(self, name: str) -> None:
        """Let `once` be true again: what it stood for was not done."""


class Throttles(Protocol):
    """How fast mails go, shared by all workers, on the server's clock."""

    async def take(self, ask: Ask) -> Grant:
        """Report what the servers said, and take permits: never more altogether than the rate."""

    async def warm_up(self, domain: str, wanted: int, caps: Sequence[int]) -> DayGrant:
        """Permits out of what a sending domain may send today."""

    async def limited(self) -> frozenset[str]:
        """Names of the throttles that servers slowed down, or that were set by hand."""


class Relay(Protocol):
    def deliver(self, mails: Sequence[OutgoingMail], keep_going: Callable[[], bool]) -> AsyncIterator[Attempt]:
        """Send each mail once, in any order, and tell how each try ended; `keep_going` is asked before each.

        Raises:
            RelayUnavailable: the relay cannot be reached, or refuses us; mails without an attempt were not sent.
        """
