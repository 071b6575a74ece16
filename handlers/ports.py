"""All that handlers may ask of the outside world. Repositories and gateways fit themselves to this page.

Every method raises StoreUnavailable (RelayUnavailable for `Relay`) when its server does not answer; whatever it was
writing may then be partly written, and is written again by the repeat. Collections go in and come out as collections:
one query, one bulk write.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from domain.anonymous_visits import AnonymousVisit, VisitCounts
from domain.api_token import ApiToken
from domain.assembly import OutgoingMail
from domain.assets import Fetched
from domain.audit import AuditEntry, AuditQuery
from domain.books import Books
from domain.breakers import Counts
from domain.campaign import Campaign, CampaignStatus, Origin
from domain.connection_shares import ConnectionAsk
from domain.consent import Tracking
from domain.contact import Contact
from domain.delivery import Attempt
from domain.dns_texts import Texts
from domain.eligibility import SuppressionReason
from domain.email import Email, EmailEvent, EmailState, Outcome
from domain.erasure import Erasure, Person
from domain.events import Overruled, StoredEvent
from domain.feed import Entry, MarkedCampaign, MarkedEmail, MarkedSuppressions, Replay
from domain.filter_hints import Hint
from domain.inbound_mail import Unattributed
from domain.integration import Integration
from domain.lists import MailingList, Suppression, Topic
from domain.module import Module
from domain.reclassification import Rejudged
from domain.record import Record
from domain.retention import Position as RetentionPosition
from domain.retention import Step, Stock
from domain.saved_template import SavedTemplate
from domain.send_times import SendTimes
from domain.series import Entry as SeriesEntry
from domain.series import EntryEnd, Member, Series, SeriesCounts, SeriesStatus
from domain.slices import Claim, KeyRange, Run, RunSlice, Slice
from domain.spam_verdict import EngineAway, SpamVerdict
from domain.strikes import StrikeRecord
from domain.sync import Sync
from domain.test_mail import TestOutcome
from domain.throttle import Ask, Grant
from domain.warm_up import DayGrant
from domain.webhook import Position

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

    async def sifted(self, keys: KeyRange, hint: Hint) -> Sequence[Record]:
        """The same, for a filter with this hint: those whom it rules out may be missing."""

    async def marks_within(self, keys: KeyRange) -> Sequence[Record]:
        """All of them without fields: where each was carried over to. Not to be saved (`READ_ONLY`)."""

    async def count(self, module: str, as_of: datetime | None = None) -> int:
        """Records of the module that are not deleted; with `as_of`, also those that were deleted only after it."""


class RecordsOfPeople(Protocol):
    """Records by whom they stand for; an address is looked for in all of them."""

    async def about(self, contact_id: str, identity: str) -> Sequence[Record]:
        """Those that were carried over to this contact, or have a field that is this address; empty: no address."""

    async def forget(self, refs: Collection[str]) -> int:
        """Remove them; how many were there."""


class Contacts(Protocol):
    async def load(self, ids: Collection[str]) -> Mapping[str, Contact]: ...

    async def revisions(self, ids: Collection[str]) -> Mapping[str, int]:
        """How often each was written, by id: equal revisions are equal contacts."""

    async def for_sending(self, ids: Collection[str]) -> Mapping[str, Contact]:
        """What a mail and the last check before it read: values, records, topics and consents. Without memberships
        and times; not to be saved (`READ_ONLY`)."""

    async def for_planning(self, ids: Collection[str]) -> Mapping[str, Contact]:
        """What decides whether somebody is mailed, for which record and when: records with their times, topics,
        consents and the time zone. Not to be saved (`READ_ONLY`)."""

    async def save(self, contacts: Sequence[Contact]) -> frozenset[str]:
        """Store each, one revision on, unless its stored revision is another; the ids of those that were not."""

    def members(self, list_id: str) -> AsyncIterator[str]:
        """Ids of all contacts on the list, ascending."""

    async def members_within(self, list_id: str, keys: KeyRange) -> Sequence[Contact]: ...


class ListMembers(Protocol):
    """Who is on a list, and since when."""

    def joined_since(self, list_id: str, since: datetime) -> AsyncIterator[Member]:
        """Those who came to be on it at that time or later, in any order."""

    async def members_after(self, list_id: str, after: str, limit: int) -> Sequence[Member]:
        """All of them in the order of their ids, from the one after `after` on."""


class ErasedContacts(Protocol):
    async def admit(self, contact_id: str) -> None:
        """Let somebody be stored again who was erased."""


class SaidToTracking(Protocol):
    async def tracking(self, contact_ids: Collection[str]) -> Mapping[str, Tracking]:
        """What people said to being tracked (D12); of whom nothing is stored is left out."""


class Lists(Protocol):
    async def get(self, list_id: str) -> MailingList | None: ...

    async def add(self, mailing_list: MailingList) -> None:
        """Store it; one that is stored already stays as it is."""


class Topics(Protocol):
    async def get(self, topic_id: str) -> Topic | None: ...

    async def add(self, topic: Topic) -> None: ...

    async def all(self) -> Sequence[Topic]:
        """In the order of their ids."""


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

    async def save(self, module: Module) -> bool:
        """Store it in place of an earlier description; False when a newer one is there, which stays."""


class Syncs(Protocol):
    async def get(self, sync_id: str) -> Sync | None: ...

    async def save(self, sync: Sync) -> Sync:
        """Store it if the stored one has this revision; as it is stored then. Raises Conflict otherwise."""

    async def remove(self, sync_id: str) -> None:
        """Forget it; its runs stay."""

    async def active(self, modules: Collection[str] | None = None) -> Sequence[Sync]:
        """Active syncs of these modules, or of all, in the order of their ids."""

    async def all(self) -> Sequence[Sync]:
        """In the order of their ids."""


class Integrations(Protocol):
    """Whether the CRM and this deployment are linked: one document."""

    async def get(self) -> Integration:
        """As it is stored; active where nobody ever changed it."""

    async def save(self, integration: Integration) -> Integration:
        """Store it if the stored one has this revision; as it is stored then. Raises Conflict otherwise."""


class Runs(Protocol):
    """Sync runs, or review runs: each kind is a store of its own."""

    async def create(self, run: Run) -> None:
        """Store it; one that is stored already stays as it is.

        Nothing is stored while another open run holds something that it holds.
        """

    async def get(self, run_id: str) -> Run | None: ...

    async def slice(self, run_id: str, number: int) -> RunSlice | None:
        """One slice of its phase, without reading all the others. Raises InvalidMessage when it has no such slice."""

    async def latest(self, subject: str) -> Run | None:
        """The run of this sync or campaign that was started last."""

    async def asked(self, subject: str, request: str) -> Run | None:
        """The last run of this sync or campaign that this request began, or joined."""

    async def join(self, run_id: str, request: str) -> None:
        """One more request that this run answers."""

    async def holder(self, holds: Collection[str]) -> Run | None:
        """An open run that holds one of these."""

    async def finish_slice(self, run_id: str, phase: str, number: int, counts: Mapping[str, int]) -> RunSlice | None:
        """Mark a slice done and keep its counts; told twice, it counts once. As it is then; None when `phase` is over.

        The last phase is never over: a repeat after the end is told its slice as well.
        """

    async def advance(self, run: Run, phase: str, ranges: Sequence[KeyRange]) -> Run:
        """Begin the next phase unless somebody did: the run as it is stored after that. Counts go on."""

    async def end(self, run_id: str, at: datetime, because: str = "") -> bool:
        """Close the run, which holds nothing from then on; False when it was closed before."""


class Campaigns(Protocol):
    async def get(self, campaign_id: str) -> Campaign | None: ...

    async def add(self, campaign: Campaign) -> None:
        """Store a new one. Raises Conflict when its id is taken."""

    async def save(self, campaign: Campaign, *, expected: Collection[CampaignStatus]) -> Campaign:
        """Store it if the stored one has this revision and one of these statuses. Raises Conflict otherwise."""

    async def in_status(
        self,
        statuses: Collection[CampaignStatus],
        *,
        since: datetime | None = None,
        due: datetime | None = None,
    ) -> Sequence[Campaign]:
        """Campaigns with one of these statuses.

        With `since`, only those that got it at that time or later; with `due`, only those to be sent by then.
        """

    async def take_slice_numbers(self, campaign_id: str, count: int) -> int:
        """Reserve `count` slice numbers; the first of them."""

    async def take_offline(self, reason: str, at: datetime, *, origin: Origin | None = None) -> int:
        """Make every campaign (of this origin) that may become so offline, as `Campaign.moved_to` does; how many.

        It is one write. One that is added meanwhile may be left out: only 0 says that there is none any more.
        """

    async def going(self, origin: Origin) -> frozenset[str]:
        """The ids of those of this origin that may become offline."""

    async def left(self, at: datetime) -> Mapping[str, CampaignStatus | None]:
        """Campaigns that went offline at that time, with what each was before, by id."""


class OfflineCampaigns(Protocol):
    async def offline(self, campaign_ids: Collection[str]) -> frozenset[str]:
        """Those of these that are offline: nothing reaches them any more (R102)."""


class SeriesStore(Protocol):
    """Autoresponders; their messages are campaigns."""

    async def get(self, series_id: str) -> Series | None: ...

    async def add(self, series: Series) -> None:
        """Store a new one. Raises Conflict when its id is taken."""

    async def save(self, series: Series, *, expected: Collection[SeriesStatus]) -> Series:
        """Store it if the stored one has this revision and one of these statuses. Raises Conflict otherwise."""

    async def in_status(self, statuses: Collection[SeriesStatus]) -> Sequence[Series]:
        """In the order of their ids."""

    async def all(self) -> Sequence[Series]:
        """In the order of their ids."""


class Entries(Protocol):
    """People's ways through series."""

    async def enter(self, entries: Sequence[SeriesEntry]) -> int:
        """Store those whose id is not taken; how many. The others stay as they are."""

    async def due(self, series_id: str, now: datetime, limit: int) -> Sequence[SeriesEntry]:
        """Those at which somebody has to look by now, the longest due first."""

    async def save(self, entries: Sequence[SeriesEntry]) -> frozenset[str]:
        """Store each, one revision on, unless its stored revision is another; the ids of those that were not."""

    async def wake(self, series_id: str, contact_ids: Collection[str], at: datetime) -> int:
        """Look at what is under way of these people at that time, if not before; how many entries.

        It counts as a write: a look that began before is not stored.
        """

    async def wake_all(self, series_id: str, at: datetime) -> int:
        """The same for everybody who is under way, for after the series was changed."""

    async def wake_waiting(self, series_id: str, key: str, at: datetime) -> int:
        """The same for everybody who waits for the campaign of this message to send."""

    async def latest(self, series_id: str, contact_ids: Collection[str]) -> Mapping[str, SeriesEntry]:
        """The last entry of each of these people, by contact id; without those who never entered."""

    async def end_all(self, series_id: str, why: EntryEnd, at: datetime) -> int:
        """End whatever is under way; how many entries."""

    async def reopen(self, series_id: str, at: datetime) -> int:
        """Look at that time whether there is something more for those who had come to the end; how many entries.

        For after messages were added to a series that runs.
        """

    async def counts(self, series_id: str) -> SeriesCounts: ...

    async def of_contact(self, contact_id: str) -> Sequence[SeriesEntry]:
        """Every entry of one person, by series and number."""


class Selections(Protocol):
    """Refs of records that were picked and are too many to stand in a campaign; see domain/selections.py."""

    async def put(
        self, key: str, number: int, refs: Sequence[str], *, campaign_id: str, revision: int
    ) -> Sequence[str]:
        """Store a chunk; one that is stored already stays. The refs of the chunk as it is stored then."""

    async def chunk(self, key: str, number: int) -> Sequence[str]:
        """The refs of one chunk; none when it is not stored."""

    async def numbers(self, key: str) -> Sequence[int]:
        """Which chunks there are, ascending."""

    async def sizes(self, key: str) -> Mapping[int, int]:
        """How many refs each chunk has, by its number."""

    async def holding(self, key: str, refs: Collection[str]) -> frozenset[str]:
        """Those of these refs that are in the selection."""

    async def forget(self, campaign_id: str, *, before: int, keep: str) -> None:
        """Remove what was written for the campaign at an earlier revision, but for one key."""


class CampaignIds(Protocol):
    async def ids(self) -> frozenset[str]:
        """Of every campaign that is stored."""


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

    async def doubt(
        self, campaign_id: str, number: int, at: datetime, *, through: str | None = None, detail: str | None = None
    ) -> int:
        """Mark what is still open in an abandoned slice as in doubt, or as what events proved already; how many.

        With `through`, only rows up to this id: those after it were not begun.
        """

    async def doubtful(self, campaign_id: str, since: datetime, limit: int) -> Sequence[str]:
        """Ids of rows in doubt since then or longer that were never sent once more, the oldest doubt first."""

    async def resend(self, ids: Sequence[str], number: int, at: datetime) -> int:
        """Plan those that are still `doubtful` once more, in this slice; how many. It is done once to a row.

        They keep the reason of their doubt: should they not be sent after all, they are in doubt as before.
        """

    async def settle(
        self,
        campaign_id: str,
        ids: Sequence[str] | None,
        state: EmailState,
        *,
        reason: str | None,
        by: str,
        at: datetime,
    ) -> int:
        """Give those that are in doubt (None: all) the state that a person knows them to have; how many."""

    async def due(self, campaign_id: str, now: datetime, limit: int) -> Sequence[str]:
        """Ids of open rows whose `next_at` has come and that are in no slice yet, the longest due first."""

    async def time_zones(self, campaign_id: str) -> Mapping[str, int]:
        """How many planned rows there are by time zone; NO_ZONE counts those of which none is known."""

    async def wait_for(self, campaign_id: str, first: int, end: int, times: SendTimes) -> None:
        """Planned rows of slices from `first` up to, not with, `end` wait for the time of their zone to be `due`.

        They leave their slice; from NO_SLICE on, those that wait already are among them.
        """

    async def hasten(self, campaign_id: str, at: datetime) -> None:
        """Planned rows that wait for a later time are due at this one."""

    async def put_in_slice(self, ids: Sequence[str], number: int, *, out_of: int) -> None:
        """Move those that are open and still in the slice `out_of`: who was moved by somebody else stays there."""

    async def skip_open(self, campaign_id: str, reason: str, at: datetime) -> int:
        """Skip every row that is still open; how many. Those to be sent once more are in doubt again as before."""

    async def of_addresses(self, campaign_id: str, addresses: Collection[str]) -> Sequence[Email]: ...

    async def load(self, ids: Collection[str]) -> Sequence[Email]:
        """Those that are there, by id."""

    async def of_people(self, contact_ids: Collection[str]) -> Sequence[Email]:
        """Everything that was ever sent to these people, by campaign."""

    async def last_alive(self, contact_ids: Collection[str]) -> Mapping[str, datetime]:
        """When each of these people last opened, clicked or answered an email for the first time; without those who
        never did."""

    def judged(self, campaign_id: str, since: datetime | None = None) -> AsyncIterator[Email]:
        """Rows that a verdict ended (`JUDGED`), since then or ever, ascending by id."""

    async def rejudge(self, rejudged: Sequence[Rejudged]) -> frozenset[str]:
        """Change the rows that are still as they were read, and keep with each what it was; the ids of the others."""

    def ended(self, campaign_id: str, states: Collection[EmailState]) -> AsyncIterator[Email]:
        """Rows in these states, ascending by id."""

    async def replan(self, rows: Sequence[Email], by: str, at: datetime) -> int:
        """Plan rows that have ended once more, due at once and in no slice; how many.

        Only those that are as they were read and of which no event was told. Each keeps how it had ended. One that may
        have arrived (`domain.remainder.may_have_arrived`) counts as sent once more, and keeps its reason.
        """

    async def books(self, campaign_id: str, selected: int) -> Books: ...

    async def harm(self, campaign_id: str) -> Counts:
        """What breakers look at, without how many were tried (0): only rows that came to harm are counted."""

    async def tried(self, campaign_id: str) -> int:
        """How many emails a server has taken or refused for good; counts all of them."""


class Slices(Protocol):
    """Batches of ledger rows; leases are on the server's clock."""

    async def plan(self, campaign_id: str, numbers: Sequence[int]) -> None:
        """Insert slices nobody holds; those that exist stay as they are."""

    async def claim(self, campaign_id: str, number: int, owner: str, lease_s: float) -> tuple[Claim, Slice]:
        """Take a slice that nobody holds, or say why not. Raises UnknownCampaign when there is no such slice."""

    async def start(self, held: Slice, lease_s: float, *, through: str | None = None) -> bool:
        """Stamp it right before the first DATA of its rows up to the id `through` (None: of all), again for those that
        follow; False when the lease was lost: then nothing more may be sent.
        """

    async def renew(self, held: Slice, lease_s: float) -> bool: ...

    async def release(self, held: Slice) -> None:
        """Give it back: none of its open rows is under way."""

    async def finish(self, held: Slice) -> None: ...

    async def abandoned(self, campaign_id: str) -> Sequence[Slice]:
        """Slices whose lease ran out; `state` tells whether sending had begun."""

    async def give_up(self, abandoned: Slice) -> Slice | None:
        """Take a started slice away from an owner whose lease ran out: it asks for nothing more, as it is told apart.

        The slice with its new epoch, still abandoned; None when its owner, or somebody else, was quicker.
        """

    async def close(self, abandoned: Slice) -> None:
        """End what a dead owner had started, after its rows were put in doubt: the slice is planned again where the
        owner had said how far it had come, and done where it had not.
        """

    async def held(self, campaign_id: str) -> Sequence[Slice]:
        """Slices that somebody has claimed or started, be it somebody dead; ascending by number."""

    async def unfinished(self, campaign_id: str) -> Sequence[Slice]:
        """Slices that are not done, ascending by number; thousands, when a large campaign begins."""

    async def unfinished_from(self, campaign_id: str, first: int, *, most: int) -> int:
        """How many slices from this number on are not done, counted up to `most`."""

    async def heads(self, campaign_id: str, first_round: int, chains: int) -> Sequence[Slice]:
        """Where its chains stand (`domain.chains.heads`), out of `first_round` slices in chains; by number."""

    async def holding(self, campaign_id: str, number: int) -> Slice | None:
        """One slice as it is now: who holds it, who has done it."""


class Suppressions(Protocol):
    async def of(self, contact_ids: Collection[str]) -> Mapping[str, frozenset[SuppressionReason]]:
        """Only those that are suppressed."""

    async def add(self, suppressions: Sequence[Suppression]) -> None:
        """Store them; a reason that is stored already keeps its first time and evidence."""

    async def details(self, contact_id: str) -> Sequence[Suppression]:
        """Every reason with its time and evidence, the oldest first."""

    async def lift(self, suppression: Suppression, *, at: datetime, because: str) -> bool:
        """Take one reason back, and keep that it was; False when it is not, or no longer, as given."""


class Strikes(Protocol):
    """What speaks against addresses, and for them (D10)."""

    async def load(self, contact_ids: Collection[str]) -> Mapping[str, StrikeRecord]:
        """Those of which something is known."""

    async def struck(self, contact_ids: Collection[str]) -> Mapping[str, StrikeRecord]:
        """Those that have strikes."""

    async def save(self, records: Sequence[StrikeRecord]) -> frozenset[str]:
        """Store each, one revision on, unless its stored revision is another; the ids of those that were not."""


class Events(Protocol):
    async def add(self, events: Sequence[StoredEvent]) -> None:
        """Store them; one whose id is known stays as it is."""

    async def known(self, event_ids: Collection[str]) -> frozenset[str]:
        """Those of these ids that are stored."""

    async def of_emails(self, email_ids: Collection[str]) -> Sequence[StoredEvent]:
        """What was reported of these emails, the oldest first."""

    def bounced(self, campaign_id: str, since: datetime | None = None) -> AsyncIterator[str]:
        """Ids of the emails of a campaign that bounces were reported of, since then or ever; ascending, each once."""

    async def overrule(self, overruled: Sequence[Overruled]) -> None:
        """Keep what the rules say now, and what they said before; where something else is stored, nothing changes."""


class AnonymousVisits(Protocol):
    """Opens and clicks that name nobody, counted per campaign (D12)."""

    async def add(self, counts: Mapping[AnonymousVisit, int]) -> None:
        """Count each so many times more. Repeated it is counted again: nobody knows whether it is the same person."""

    async def of(self, campaign_id: str) -> VisitCounts:
        """What was counted; nothing for a campaign that nobody knows."""


class Audit(Protocol):
    """Who had what changed."""

    async def add(self, entry: AuditEntry) -> None:
        """Store it; one whose id is known stays as it is."""

    async def end(self, entry_id: str, after: str | None, outcome: str) -> None:
        """Keep how it ended, unless that is known."""

    async def find(self, query: AuditQuery) -> Sequence[AuditEntry]:
        """The newest first."""


class Traces(Protocol):
    """What one collection keeps of people; see repositories/traces."""

    @property
    def collection(self) -> str: ...

    async def of(self, person: Person) -> Sequence[Mapping[str, Any]]:
        """What there is of this person, as it is stored."""

    async def erase(self, person: Person) -> int:
        """Remove it, or take the person out of it; how many documents that changed. Done again, it changes nothing."""


class Erasures(Protocol):
    """That people were erased: no personal data."""

    async def begin(self, erasure: Erasure) -> Erasure:
        """Store it; one that is known keeps what it was and gains records. One that was lifted begins anew."""

    async def add(self, erasure_id: str, counts: Mapping[str, int]) -> None:
        """So many more documents, by collection."""

    async def done(self, erasure_id: str, at: datetime) -> Erasure:
        """It went through; the first time counts."""

    async def settled(self, erasure_id: str, again_at: datetime) -> None:
        """Nothing is looked for again, unless it was asked for anew: it is due at another time than this one then."""

    async def due(self, now: datetime, limit: int) -> Sequence[Erasure]:
        """Those to be looked at again by now, the longest due first."""

    async def get(self, erasure_id: str) -> Erasure | None: ...

    async def with_records(self, erasure_id: str, records: Collection[str]) -> None:
        """Stand-ins of records that came again with the person's address."""

    async def lift(self, erasure_id: str, at: datetime) -> None:
        """An operator lets the person come back."""

    async def count(self, module: str) -> int:
        """How many records of the module were erased and not let back."""


class Aging(Protocol):
    """One kind of what is kept for a time."""

    kind: str

    async def view(self, before: datetime | None) -> Stock:
        """What there is; None: nothing of it is ever too old."""

    async def forget(self, before: datetime, after: str, limit: int) -> Step:
        """Remove what is older, or its words: one slice, from where the last one ended."""


class RetentionPositions(Protocol):
    async def load(self) -> Mapping[str, RetentionPosition]:
        """By kind."""

    async def save(self, position: RetentionPosition) -> None: ...


class UnattributedReports(Protocol):
    """Mails that came in and change nothing; kept for a while, so that somebody may look at them."""

    async def add(self, reports: Sequence[Unattributed]) -> None:
        """Store them; one whose id is known stays as it is."""


class TestMails(Protocol):
    """What came of test mails, for whoever asked for them; forgotten after a day."""

    async def save(self, outcomes: Sequence[TestOutcome]) -> None:
        """Store them; the last word on an address holds."""

    async def of(self, request: str) -> Sequence[TestOutcome]:
        """What is known of this request, by address."""


class Leases(Protocol):
    async def take(self, name: str, owner: str, lease_s: float) -> bool:
        """Take or renew a lease on the server's clock; False while somebody else holds it."""

    async def once(self, name: str) -> bool:
        """True for the first caller ever with this name."""

    async def forget(self, name: str) -> None:
        """Let `once` be true again: what it stood for was not done."""


class FeedMarks(Protocol):
    """Documents that the feed is to tell of: the writes that changed them have marked them."""

    async def emails(self, limit: int) -> Sequence[MarkedEmail]:
        """Those that wait longest first."""

    async def emails_told(self, told: Sequence[MarkedEmail]) -> None:
        """Keep what was told of each, and take back the mark that was read; one of a later write stays."""

    async def campaigns(self, limit: int) -> Sequence[MarkedCampaign]: ...

    async def campaigns_told(self, told: Sequence[MarkedCampaign]) -> None:
        """Forget these writes, and keep where the last of them had taken the campaign."""

    async def suppressions(self, limit: int) -> Sequence[MarkedSuppressions]: ...

    async def suppressions_told(self, told: Sequence[MarkedSuppressions]) -> None: ...

    async def runs(self, limit: int) -> Sequence[Run]:
        """Sync runs that have ended."""

    async def runs_told(self, told: Sequence[Run]) -> None: ...


class Outbox(Protocol):
    """What the feed tells, numbered without gaps in each stream, and kept for replay."""

    async def known(self, ids: Collection[str]) -> Mapping[str, Entry]:
        """Those that are there, by id."""

    async def heads(self, streams: Collection[str]) -> Mapping[str, int]:
        """The last number that was given in each of these streams; 0 in a new one."""

    async def latest(self) -> Mapping[str, int]:
        """The last number that is kept, by stream."""

    async def append(self, entries: Sequence[Entry], at: datetime) -> None:
        """Store them, in order, not published yet. Raises Conflict when somebody else has given such a number, or
        stored such an entry: then those before it are stored, and none after it."""

    async def unpublished(self, limit: int) -> Sequence[Entry]:
        """By stream and number."""

    async def published(self, stream: str, through: int) -> None:
        """Everything in the stream up to this number is published."""

    async def within(self, stream: str, first: int, last: int | None, limit: int) -> Sequence[Entry]:
        """Published entries with these numbers, both ends included, ascending; None: to the end."""

    async def forget(self, before: datetime) -> int:
        """Remove what was numbered before then and is published; how many. Their numbers are not given again."""

    async def anonymise(self, contact_ids: Collection[str]) -> int:
        """Take addresses and records out of what is kept about these people; how many entries."""


class Replays(Protocol):
    """Requests to publish part of a stream once more."""

    async def add(self, replay: Replay) -> None:
        """Store it; one that is stored already stays as it is."""

    async def get(self, replay_id: str) -> Replay | None: ...

    async def open(self) -> Sequence[Replay]:
        """Those that have not ended, in the order in which they were asked for."""

    async def save(self, replay: Replay) -> None:
        """Keep how far it is."""

    async def forget(self, before: datetime) -> None:
        """Remove those that ended before then."""


class WebhookPositions(Protocol):
    """How far each stream is delivered to the webhook."""

    async def load(self) -> Mapping[str, Position]:
        """By stream; those of which nothing was delivered are not there."""

    async def save(self, position: Position) -> Position:
        """Store it if the stored one has this revision; as it is stored then. Raises Conflict otherwise."""


class Webhook(Protocol):
    async def post(self, entry: Entry) -> str | None:
        """Deliver it; None when it was taken, else why not. Never raises: whatever goes wrong is an answer."""


class Announcer(Protocol):
    """Publishes entries of the feed."""

    async def announce(self, entries: Sequence[Entry], reached: Callable[[Entry], Awaitable[None]]) -> None:
        """To everybody who follows: within a stream in this order. One that the broker refuses comes again, and with it
        all that are behind it. `reached` is told meanwhile up to which one its stream is confirmed; what it raises
        ends that stream.

        Raises BrokerUnavailable: any of them may have been published.
        """

    async def repeat(
        self, entries: Sequence[Entry], replay: Replay, reached: Callable[[Entry], Awaitable[None]]
    ) -> None:
        """The same once more, where the replay wants it.

        Raises Unroutable: there is no such queue.
        """


class Throttles(Protocol):
    """How fast mails go, shared by all workers, on the server's clock."""

    async def take(self, ask: Ask) -> Grant:
        """Report what the servers said, and take permits: never more altogether than the rate."""

    async def warm_up(self, domain: str, wanted: int, caps: Sequence[int]) -> DayGrant:
        """Permits out of what a sending domain may send today."""

    async def give_back(self, domain: str, count: int) -> None:
        """So many of today's permits were not used: they are there for others, today."""

    async def day_over(self, domain: str, caps: Sequence[int]) -> float:
        """Seconds until a domain that has used up its day may send again; 0 while it may."""

    async def limited(self) -> frozenset[str]:
        """Names of the throttles that servers slowed down, or that were set by hand."""

    async def connect(self, ask: ConnectionAsk) -> int | None:
        """How many connections this worker may have from now on; all together never more than the limit.

        None: as many as it likes. Raises Conflict when others kept asking at the same moment.
        """


class MailServers(Protocol):
    """Mail servers of domains, looked up beside the sending."""

    def of(self, domain: str) -> Sequence[str] | None:
        """Host names, the preferred one first; empty: there are none. None while they are not known: nothing waits."""


class Connections(Protocol):
    """What this process has open to one relay."""

    @property
    def open(self) -> int:
        """Connections, those that rest or close included."""

    def wanted(self) -> int:
        """The most that were wanted at once since this was asked last."""

    def allow(self, count: int | None) -> None:
        """How many may be open from now on; None: as many as its own settings say."""


class Relay(Protocol):
    def deliver(self, mails: Sequence[OutgoingMail], keep_going: Callable[[], bool]) -> AsyncIterator[Attempt]:
        """Send each mail once, in any order, and tell how each try ended; `keep_going` is asked before each.

        Raises:
            RelayUnavailable: the relay cannot be reached, or refuses us; mails without an attempt were not sent.
        """


class ApiTokens(Protocol):
    async def find(self, token_id: str) -> ApiToken | None:
        """The bearer token with this id, also one that is revoked."""


class Assets(Protocol):
    async def fetch(self, urls: Collection[str]) -> Mapping[str, Fetched]:
        """How each URL answers now, within seconds for all of them. Never raises: whatever goes wrong is an answer."""


class SpamEngine(Protocol):
    async def judge(self, mail: bytes) -> SpamVerdict | EngineAway:
        """What it says of one whole email, within seconds. Never raises: no verdict is an answer."""


class SenderDns(Protocol):
    async def texts(self, names: Collection[str]) -> Mapping[str, Texts]:
        """The TXT records of each name, ascending: DNS has no order. Never raises: no answer is an answer."""
