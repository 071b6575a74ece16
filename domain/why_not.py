"""Why somebody was never selected for a campaign: fact by fact, for a person who was missed (X3)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.campaign import Campaign
from domain.contact import Contact, Source
from domain.filters import read, selected
from domain.record import Record


@dataclass(frozen=True, slots=True)
class Missed:
    """One way in which the person could have been selected, and why it was none."""

    by: str  #: a record, or a list
    why: str


@dataclass(frozen=True, slots=True)
class Pickings:
    """What was picked, as far as this person is concerned."""

    campaign: Campaign
    records: Mapping[str, Record]  #: the person's, by ref
    chosen: Collection[str]  #: refs of the person that were chosen one by one
    reviewed_at: datetime | None  #: when the review began and froze who is picked; None: there was none

    def why_not(self, contact: Contact) -> Sequence[Missed]:
        return [*map(self._of_record, contact.sources.values()), *self._of_lists(contact)]

    def _of_record(self, source: Source) -> Missed:
        if source.gone:
            return Missed(source.ref, "was deleted in the CRM, or moved to another address")
        how = self._picked(source)
        if how is None:
            return Missed(source.ref, self._not_picked(source))
        if self.reviewed_at is None:
            return Missed(source.ref, f"is picked {how}; nobody is selected before the review")
        return Missed(source.ref, f"is picked {how} now, and was not when the review began: it came or changed later")

    def _picked(self, source: Source) -> str | None:
        """How this record is picked as things are now, or None."""
        recipients, record = self.campaign.recipients, self.records.get(source.ref)
        if source.ref in self.chosen:
            return "by itself"
        if source.module in recipients.modules:
            return f"with all of {source.module}"
        filtered = recipients.filters.get(source.module)
        if filtered and record is not None and selected(read(filtered))(record):
            return f"by the filter {filtered}"
        return None

    def _not_picked(self, source: Source) -> str:
        filtered = self.campaign.recipients.filters.get(source.module)
        if filtered:
            return f"does not fit the filter of {source.module}: {filtered}"
        names = ", ".join(self.campaign.recipients.names) or "nothing"
        return f"was not chosen, and not all of {source.module} is picked; picked is {names}"

    def _of_lists(self, contact: Contact) -> Iterator[Missed]:
        campaign = self.campaign
        for list_id in sorted(contact.memberships):
            if list_id != campaign.list_id:
                yield Missed(f"list {list_id}", "is not the list of this campaign")
            elif not campaign.goes_to_members:
                yield Missed(f"list {list_id}", "its members were left out: the campaign goes to who was picked")
            elif self.reviewed_at is None:
                yield Missed(f"list {list_id}", "its members get it too; nobody is selected before the review")
            else:
                yield Missed(f"list {list_id}", "its members get it too; this one came after the review had begun")
