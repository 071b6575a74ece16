"""Webhooks of mail providers: signature, one vocabulary, and 200 when RabbitMQ has confirmed what they tell.

Nothing is kept of a request that is not believed. What is told twice is one event: its id is the provider's.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import structlog
from prometheus_client import Counter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from domain.errors import InvalidMessage, Transient, Unroutable
from messages.delivery_event import DeliveryEvent, EventType
from web.email_finder import EmailFinder
from web.ports import Publishing, Told
from web.posted import FORGED, UNSIGNED, Posted, Refused
from web.problems import later, problem
from web.providers.report import Report, event_of

log = structlog.get_logger()

PATH = "/webhooks/"
MOST_BYTES = 2 * 1024 * 1024  #: SendGrid sends up to 768 kB at a time, SNS 256 kB
_JSON = frozenset({"", "application/json", "text/plain"})  #: SNS says text/plain


class PassedOver(StrEnum):
    """Why a report is not told."""

    NOT_OURS = "not_ours"  #: the account sends other mail as well
    NOT_TRACKED = "not_tracked"  #: its person is not to be watched (D12)
    UNREAD = "unread"  #: it breaks our own contract


_READ = frozenset({EventType.OPENED, EventType.CLICKED})


class Provider(Protocol):
    """Knows how one provider signs and speaks."""

    @property
    def name(self) -> str: ...

    async def reports(self, posted: Posted) -> Sequence[Report]:
        """
        Raises:
            Refused: it is not the provider's, or too old.
            InvalidMessage: it is, and can't be read.
            Transient: whether it is can't be said now.
        """
        ...


@dataclass(frozen=True, slots=True)
class Webhook:
    """Answers one provider."""

    provider: Provider
    finder: EmailFinder
    is_tracked: Callable[[str], Awaitable[bool]]  #: whether what the person of an email reads may be told
    publisher: Publishing
    counted: Counter  #: by provider and outcome
    now: Callable[[], datetime]

    async def answer(self, request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _JSON:
            return self._refused(415, "send application/json")
        return await self._answer(Posted(request.headers, await request.body(), self.now()))

    async def _answer(self, posted: Posted) -> Response:
        try:
            found = [await self._event(report) for report in await self.provider.reports(posted)]
            events = [each for each in found if isinstance(each, DeliveryEvent)]
            await self.publisher.publish([Told(event, event.event_id, posted.now) for event in events])
        except Refused as refused:
            return self._refused(refused.status, refused.why)
        except InvalidMessage as error:
            return self._refused(400, str(error))
        except (Transient, Unroutable) as error:
            return self._later(str(error))
        outcomes = Tally("published" if isinstance(each, DeliveryEvent) else str(each) for each in found)
        for outcome, number in outcomes.items():
            self._count(outcome, number)
        return PlainTextResponse("ok\n")

    async def _event(self, report: Report) -> DeliveryEvent | PassedOver:
        email = await self.finder(report.named)
        if email is None:
            return PassedOver.NOT_OURS
        if report.event in _READ and not await self.is_tracked(email):
            return PassedOver.NOT_TRACKED
        try:
            return event_of(report, email, self.provider.name)
        except ValidationError:
            log.warning("webhook_unread", provider=self.provider.name, kind=report.event)
            return PassedOver.UNREAD

    def _refused(self, status: int, why: str) -> Response:
        self._count("refused")
        log.warning("webhook_refused", provider=self.provider.name, status=status, why=why)
        headers = {"WWW-Authenticate": 'Basic realm="webhooks"'} if status == UNSIGNED else None
        return problem(status, why, headers=headers)

    def _later(self, why: str) -> Response:
        self._count("later")
        log.warning("webhook_put_off", provider=self.provider.name, why=why)
        return later("what was told could not be kept; send it again")

    def _count(self, outcome: str, number: int = 1) -> None:
        self.counted.labels(self.provider.name, outcome).inc(number)


def routes(webhooks: Sequence[Webhook], known: Sequence[str]) -> list[Route]:
    """One address a provider; those of `known` that are not set up say so."""
    answering = {webhook.provider.name: webhook for webhook in webhooks}
    return [
        Route(PATH + name, answering[name].answer if name in answering else _not_set_up, methods=["POST"], name=name)
        for name in known
    ]


async def _not_set_up(request: Request) -> Response:
    log.warning("webhook_not_set_up", path=request.url.path)
    return problem(FORGED, "this webhook is not set up here")
