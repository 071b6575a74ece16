"""Notes what people had changed: by a command, or by a message that asks for something."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import quote, unquote

from domain.audit import DONE, AuditEntry
from domain.contact import contact_id
from handlers.ports.campaigns import Campaigns
from handlers.ports.clock import Clock
from handlers.ports.operations import Audit
from handlers.ports.series import SeriesStore
from handlers.ports.syncing import Integrations, Syncs
from messages.base import Message
from messages.campaign_saved import CampaignSaved
from messages.envelope import Envelope
from messages.erasure_requested import ErasureRequested
from messages.feed_replay_requested import FeedReplayRequested
from messages.integration_changed import IntegrationChanged
from messages.review_requested import ReviewRequested
from messages.send_batch import SendBatch
from messages.send_requested import SendRequested
from messages.series_saved import SeriesSaved
from messages.sync_requested import SyncRequested
from messages.test_requested import TestRequested

_CAMPAIGN, _SYNC, _SERIES, _INTEGRATION = "campaign", "sync", "series", "integration"
#: Messages that ask for something, what they are about and the field that names it; all others carry data.
ASKING: Mapping[type[Message], tuple[str, str]] = {
    **dict.fromkeys(
        (CampaignSaved, ReviewRequested, TestRequested, SendRequested, SendBatch), (_CAMPAIGN, "campaign_id")
    ),
    SyncRequested: (_SYNC, "sync_id"),
    SeriesSaved: (_SERIES, "series"),
    FeedReplayRequested: ("feed", "stream"),
    ErasureRequested: ("erasure", "request_id"),  # never by the address: the receipt names the hash
    IntegrationChanged: (_INTEGRATION, "change"),
}
#: Fields that only messages of ours have: nobody asked for those.
_INTERNAL = ("run_id", "slice", "due")
_NAMES = ("confirmed_by", "saved_by")  #: fields in which somebody says his name

#: What something is now, in a few words, by its id; None: it is not there.
Standing: TypeAlias = Callable[[str], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class AuditTrail:
    audit: Audit
    campaigns: Campaigns
    syncs: Syncs
    series: SeriesStore
    integrations: Integrations
    now: Clock
    address_key: bytes
    standings: Mapping[str, Standing] = field(default_factory=dict)  #: of further kinds: "list", "throttle"

    async def began(self, entry_id: str, *, who: str, via: str, what: str, subject: str) -> AuditEntry:
        """The entry, stored before anything is changed; one that is known stays as it is."""
        kind, colon, name = subject.partition(":")
        subject = f"{kind}{colon}{self._nameless(name)}"
        entry = AuditEntry(entry_id, self.now(), who, via, what, subject, await self._status(subject))
        await self.audit.add(entry)
        return entry

    async def ended(self, entry: AuditEntry, outcome: str = DONE) -> None:
        """Keep how it ended; told twice, the first time counts."""
        await self.audit.end(entry.id, await self._status(entry.subject), outcome)

    async def asked(self, message: Message, event: Envelope) -> AuditEntry | None:
        """The entry of a message by which somebody asks for something, or None for any other."""
        return await self._noted(message, event.source, event.id, f"message:{self._nameless(event.source)}")

    async def posted(self, message: Message, *, source: str, event_id: str, token: str) -> None:
        """Note by which token a message was posted that asks for something, before a worker has it: one entry."""
        await self._noted(message, source, event_id, f"token:{self._nameless(token)}")

    async def _noted(self, message: Message, source: str, event_id: str, via: str) -> AuditEntry | None:
        kind, field = ASKING.get(type(message), ("", ""))
        if not kind or any(getattr(message, name, None) is not None for name in _INTERNAL):
            return None
        who = next((said for name in _NAMES if (said := getattr(message, name, ""))), "")
        subject = f"{kind}:{self._nameless(str(getattr(message, field)))}"
        entry_id = _entry_id(message.queue, subject, self._nameless(source), self._nameless(event_id))
        return await self.began(entry_id, who=who, via=via, what=message.queue, subject=subject)

    def _nameless(self, id_: str) -> str:
        """An id that others made; a keyed hash where an address stands in it, for entries outlive who is erased."""
        return f"~{contact_id(f'audit:{id_}', self.address_key)}" if "@" in unquote(id_) else id_

    async def _status(self, subject: str) -> str | None:
        kind, _, name = subject.partition(":")
        if kind == _CAMPAIGN:
            campaign = await self.campaigns.get(name)
            return campaign.status if campaign else None
        if kind == _SYNC:
            sync = await self.syncs.get(name)
            return f"{sync.status}, revision {sync.revision}" if sync else None
        if kind == _SERIES:
            series = await self.series.get(name)
            return series.status if series else None
        if kind == _INTEGRATION:
            return (await self.integrations.get()).state
        told = await self.standings[kind](name) if kind in self.standings else None
        return self._nameless(told) if told else None


def about(message: Message) -> str:
    """What a message asks for something about, as entries name it; empty for any other."""
    kind, name = ASKING.get(type(message), ("", ""))
    return f"{kind}:{getattr(message, name)}" if kind else ""


def _entry_id(*parts: str) -> str:
    """Of a message: the same when it comes again, another for whatever else is said under the same event id.

    No part has blanks in it, so that no two ways to cut make one text.
    """
    return " ".join(quote(part, safe="/:@?=&#+") for part in parts)
