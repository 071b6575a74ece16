"""Leaving: whether the CRM and this deployment are linked (R96-R102).

Deactivated, every campaign is offline and syncs rest; disabled, syncs are deleted for good besides. There is one state
for a deployment. It says at once what it is to be; what follows from that takes a while, and is told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.errors import Busy, IllegalTransition, NotConfirmed, NotReady

_REMEMBERED = 50  #: requests that were answered: those that come again change nothing


class IntegrationState(StrEnum):
    ACTIVE = "active"
    DEACTIVATED = "deactivated"  #: every campaign is offline, syncs rest
    DISABLED = "disabled"  #: campaigns are unlinked, syncs are gone for good


class IntegrationChange(StrEnum):
    DEACTIVATE = "deactivate"
    DISABLE = "disable"
    ACTIVATE = "activate"

    @property
    def leads_to(self) -> IntegrationState:
        return _LEADS_TO[self]

    @property
    def leaves(self) -> bool:
        """Whether it has to be confirmed."""
        return self is not IntegrationChange.ACTIVATE


_S = IntegrationState
_LEADS_TO: Mapping[IntegrationChange, IntegrationState] = {
    IntegrationChange.DEACTIVATE: _S.DEACTIVATED,
    IntegrationChange.DISABLE: _S.DISABLED,
    IntegrationChange.ACTIVATE: _S.ACTIVE,
}
NEXT: Mapping[IntegrationState, frozenset[IntegrationState]] = {
    _S.ACTIVE: frozenset({_S.DEACTIVATED, _S.DISABLED}),
    _S.DEACTIVATED: frozenset({_S.DISABLED, _S.ACTIVE}),
    _S.DISABLED: frozenset({_S.ACTIVE}),
}


@dataclass(frozen=True, slots=True)
class Integration:
    state: IntegrationState = IntegrationState.ACTIVE
    at: datetime | None = None  #: when it was asked for; None: never, it was active from the beginning
    by: str = ""  #: who confirmed
    request: str = ""  #: that asked for it
    left_at: datetime | None = None  #: when it was active last; campaigns that are offline since then went with it
    detached_at: datetime | None = None  #: since when nothing of the campaigns of then is sent any more
    finished_at: datetime | None = None  #: since when nothing is left to do, such as deleting syncs
    answered: tuple[str, ...] = ()  #: requests, the newest last
    revision: int = 0  #: of the stored document; 0 = not stored yet

    @property
    def active(self) -> bool:
        return self.state is IntegrationState.ACTIVE

    @property
    def detaching(self) -> bool:
        """Whether campaigns are being taken offline at this moment."""
        return not self.active and self.detached_at is None

    @property
    def finished(self) -> bool:
        return self.active or self.finished_at is not None

    def changed(self, change: IntegrationChange, *, by: str, request: str, at: datetime) -> Integration:
        """As it is to be; the same, but for the request, when it is so already.

        Raises:
            IllegalTransition: the change does not lead on from here.
            Busy: it is to be active again while campaigns, or syncs, are still on their way out.
        """
        answered = (*self.answered, request)[-_REMEMBERED:]
        wanted = change.leads_to
        if wanted is self.state:
            return replace(self, answered=answered)
        if wanted not in NEXT[self.state]:
            raise IllegalTransition(
                f"the integration is {self.state} and cannot become {wanted}; from here it can become: "
                f"{', '.join(sorted(NEXT[self.state]))}"
            )
        if wanted is IntegrationState.ACTIVE and not self.finished:
            raise Busy(f"the integration is still being {self.state}: `campaigns integration show` says how far it is")
        told = replace(self, state=wanted, at=at, by=by, request=request, answered=answered, finished_at=None)
        if wanted is IntegrationState.ACTIVE:
            return replace(told, left_at=None, detached_at=None)
        # From one way of having left to the other, no campaign goes offline again: those made since were never linked.
        return replace(told, left_at=at, detached_at=None) if self.active else told


def check_confirmation(change: IntegrationChange, text: str, organisation: str) -> None:
    """Leaving is confirmed by typing the organisation's name; blanks around it and between its words do not count.

    Raises:
        NotReady: the organisation has no name yet.
        NotConfirmed: the text is another one; says what to type.
    """
    if not change.leaves:
        return
    name = " ".join(organisation.split())
    if not name:
        raise NotReady("the organisation has no name to confirm with: set CAMPAIGNS_ORGANISATION__NAME")
    if " ".join(text.split()) != name:
        raise NotConfirmed(f"confirmation: to {change} the integration, type the organisation's name: {name}")
