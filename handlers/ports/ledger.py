"""The ledger, and the batches that it is sent in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.books import Books
from domain.breakers import Counts
from domain.email import Email, EmailEvent, EmailState, Outcome
from domain.reclassification import Rejudged
from domain.send_times import SendTimes
from domain.slices import Claim, Slice


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
