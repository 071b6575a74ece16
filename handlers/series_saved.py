"""A series document was saved, in the CRM or here: an autoresponder is created or changed (R78, R83-R85)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.campaign import Campaign
from domain.errors import IllegalTransition, InvalidDefinition
from domain.faults import Faults
from domain.series import ENDED, Series, SeriesStatus, Step
from domain.series_check import broken_rules
from handlers.campaign_saved import CampaignKeeper
from handlers.crm_gate import CrmGate
from handlers.edition import check_edition
from handlers.ports.clock import Clock
from handlers.ports.series import Entries, SeriesStore
from handlers.series_messages import Children, check
from messages.base import Message
from messages.series_saved import SeriesSaved

_OVER = ENDED | {SeriesStatus.OFFLINE}
_CHANGEABLE = frozenset(SeriesStatus) - _OVER


@dataclass(frozen=True, slots=True)
class SeriesSaver:
    """Creates a series, or changes one. The same document again changes nothing, whatever has become of it by then.

    Of one that was started, changes hold for whoever is not there yet. A crash between any two writes is mended by the
    repeat: the series itself, which remembers what it was said last, is written when its messages are.
    """

    series: SeriesStore
    entries: Entries
    children: Children
    drafts: CampaignKeeper
    now: Clock
    gate: CrmGate | None = None  #: None: the CRM was never left

    async def __call__(self, message: SeriesSaved) -> Sequence[Message]:
        """
        Raises:
            EditionRequired: it comes from the CRM, and the edition does not include that (R6).
            NotReady: it comes from a CRM that was left (R98).
            InvalidDefinition, TemplateInvalid: it breaks rules; the text names message, field and rule of each.
            IllegalTransition: the series has ended.
            Busy: one of its messages is under review, or the CRM is being left at this moment.
            Conflict: somebody else changed it at the same time.
        """
        check_edition(message.series, message.origin, self.drafts.organisation, "apply", "series")
        if self.gate:
            await self.gate.check_campaign(message.series, message.origin, "apply", "series")
        known = await self.series.get(message.series)
        if known is None or not message.is_overtaken(known.source_order):
            await self._save(known, message)
        elif message.order == known.source_order:
            await self._followed_up(known)  # whoever wrote it may have died before this
        return []

    async def _save(self, known: Series | None, message: SeriesSaved) -> None:
        wanted = self._wanted(known, message)
        stored = await self.children.of(wanted)
        drafts = await self._checked(known, wanted, stored, message)
        if known is not None and known.status in _OVER:
            _check_same(known, wanted)
            return
        for key, draft in drafts.items():
            await self.children.save(stored.get(key), draft)
        if known is None:
            await self.series.add(replace(wanted, created_at=self.now(), status_at=self.now()))
        elif wanted != known:
            await self._change(known, wanted)
        else:
            await self._followed_up(known)

    async def _change(self, known: Series, wanted: Series) -> None:
        """The series first: it remembers whom it takes out, so that whoever comes next ends what a crash left."""
        gone = tuple(step.key for step in known.steps if wanted.step(step.key) is None)
        wanted = replace(wanted, taken_out=known.taken_out + gone)
        saved = await self.series.save(wanted, expected=_CHANGEABLE)
        if wanted.steps != known.steps:
            await self._followed_up(saved)

    async def _followed_up(self, series: Series) -> None:
        if series.status not in _OVER:
            await self.children.end_taken_out(series)
        await self._looked_at_anew(series)

    async def _looked_at_anew(self, series: Series) -> None:
        """Everybody who is on the way, or was at its end: told twice, they are looked at twice, which is harmless."""
        if series.started_at is not None and series.status not in _OVER:
            await self.entries.reopen(series.id, self.now())
            await self.entries.wake_all(series.id, self.now())

    def _wanted(self, known: Series | None, message: SeriesSaved) -> Series:
        wanted = message.to_series()
        if known is None:
            return wanted
        steps = tuple(self._since(known, step) for step in wanted.steps)
        return replace(
            known,
            name=wanted.name,
            list_id=wanted.list_id,
            topic=wanted.topic,
            purpose=wanted.purpose,
            reentry=wanted.reentry,
            existing_members=wanted.existing_members,
            steps=steps,
            author=known.author if _same(known, wanted, steps) else message.author,
            source_order=known.source_order if wanted.source_order is None else wanted.source_order,
        )

    def _since(self, known: Series, step: Step) -> Step:
        """A message that comes to a series that was started is for those who are not past it."""
        before = known.step(step.key)
        if before is not None:
            return replace(step, since=before.since)
        return replace(step, since=self.now() if known.started_at else None)

    async def _checked(
        self, known: Series | None, wanted: Series, stored: Mapping[str, Campaign], message: SeriesSaved
    ) -> Mapping[str, Campaign]:
        """The campaigns that the messages are to be, by key.

        Raises:
            InvalidDefinition: all that is wrong with them, and with the series.
        """
        faults = Faults()
        for rule in [*broken_rules(wanted), *_moved(known, wanted)]:
            with faults.kept():
                raise InvalidDefinition(rule)
        if faults:
            faults.tell()  # the messages cannot be campaigns yet
        drafts = {}
        for part in message.messages:
            found = Faults()
            draft = replace(await self.drafts.drafted(message.child(part), found), series=wanted.id)
            drafts[part.key] = draft
            if known is None or known.status not in _OVER:
                with found.kept():
                    check(stored.get(part.key), draft, was_there=_has(known, part.key))
                    _check_key(known, part.key)
            for fault in found.texts:
                with faults.kept():
                    raise InvalidDefinition(f"message {part.key}: {fault.removeprefix(f'campaign {draft.id}: ')}")
        faults.tell()
        return drafts


def _has(known: Series | None, key: str) -> bool:
    return known is not None and known.step(key) is not None


def _check_key(known: Series | None, key: str) -> None:
    """
    Raises:
        InvalidDefinition: the series had such a message, whose campaign is being ended.
    """
    if known is not None and key in known.taken_out:
        raise InvalidDefinition("key: its message was taken out, and does not come back; choose another key")


def _same(known: Series, wanted: Series, steps: tuple[Step, ...]) -> bool:
    """Whether a document says nothing new: repeating somebody is no authorship."""
    said = replace(known, name=wanted.name, list_id=wanted.list_id, topic=wanted.topic, purpose=wanted.purpose)
    return known == replace(said, reentry=wanted.reentry, existing_members=wanted.existing_members, steps=steps)


def _moved(known: Series | None, wanted: Series) -> Iterator[str]:
    if known is not None and known.started_at is not None and known.list_id != wanted.list_id:
        yield f"list: it was started with {known.list_id}, whose people are on their way; make another series"


def _check_same(known: Series, wanted: Series) -> None:
    """
    Raises:
        IllegalTransition: a series that has ended is to be changed.
    """
    if replace(wanted, source_order=known.source_order, author=known.author) != known:
        raise IllegalTransition(f"series {known.id} is {known.status} and never goes on; make another one")
