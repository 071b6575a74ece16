"""`POST /v1/events`: CloudEvents of systems that speak only HTTP; 202 when RabbitMQ has confirmed all of them.

A batch is taken as a whole or not at all. The same event again is answered the same, and changes nothing: its identity
(source, id) goes along, and what handles it does nothing twice.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import structlog
from prometheus_client import Counter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.api_token import ApiToken
from domain.errors import InvalidMessage, Transient, Unroutable
from messages.envelope import MAX_BODY_BYTES
from web.allowance import Allowance
from web.bearer import Bearers, TooManyTries
from web.ports import Publishing, Told
from web.posted_events import READ, FieldError, entries_of, judged
from web.problems import later, problem
from web.visitors import visitor

log = structlog.get_logger()

PATH = "/v1/events"
MOST_BYTES = 8 * 1024 * 1024  #: of a batch; a single event may have 1 MiB
_SHOWN = 100  #: errors


Note: TypeAlias = Callable[[ApiToken, Sequence[Told]], Awaitable[None]]


async def _nobody(token: ApiToken, told: Sequence[Told]) -> None: ...


@dataclass(frozen=True, slots=True)
class EventGateway:
    bearers: Bearers
    allowance: Allowance
    publisher: Publishing
    counted: Counter  #: events, by outcome
    now: Callable[[], datetime]
    most_events: int = 1_000  #: of a batch
    note: Note = _nobody  #: who asks for something, for the audit log; before it is published

    async def door(self, request: Request) -> Response | None:
        """What is answered to whom shows no token that counts, before the body is read; None to all others."""
        found = await self._whose(request)
        return found if isinstance(found, Response) else None

    async def events(self, request: Request) -> Response:
        found = await self._whose(request)
        if isinstance(found, Response):
            return found
        try:
            return await self._of(found, request)
        except (Transient, Unroutable) as error:
            return _put_off(error)

    async def _whose(self, request: Request) -> ApiToken | Response:
        try:
            token = await self.bearers.of(request.headers.get("authorization", ""), visitor(request))
        except TooManyTries:
            return later("too many tokens were tried", 60, status=429)
        except Transient as error:
            return _put_off(error)
        return token if token is not None else self._refused(401, "a bearer token is needed")

    async def _of(self, token: ApiToken, request: Request) -> Response:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        body = await request.body()
        try:
            entries = entries_of(media_type, request.headers, body)
        except InvalidMessage as error:
            return self._refused(400, str(error))
        if entries is None:
            return self._refused(415, f"send {', or '.join(READ[:2])}, or {READ[2]} with CE- headers")
        if len(entries) > self.most_events:
            return self._refused(413, f"at most {self.most_events} events at once")
        if wait_s := self.allowance.take(token.id, len(entries)):
            return later(f"{token.name} has sent enough for now", max(1, math.ceil(wait_s)), status=429)
        return await self._taken(token, entries, may_be_large=len(body) > MAX_BODY_BYTES)

    async def _taken(self, token: ApiToken, entries: Sequence[object], *, may_be_large: bool) -> Response:
        found = judged(entries, self.now(), may_be_large=may_be_large)
        if forbidden := sorted({told.message.queue for told in found.told if not token.allows(told.message.queue)}):
            return self._refused(403, f"this token may not publish {', '.join(forbidden)}")
        if found.errors:
            return self._invalid(found.errors)
        await self.note(token, found.told)
        await self.publisher.publish(found.told)
        self._count("published", len(found.told))
        return JSONResponse({"accepted": len(found.told), "ids": _ids(found.told)}, 202)

    def _invalid(self, errors: Sequence[FieldError]) -> Response:
        return self._refused(422, f"{len(errors)} wrong fields or events; nothing was published", errors[:_SHOWN])

    def _refused(self, status: int, detail: str, errors: Sequence[FieldError] = ()) -> Response:
        self._count("refused", 1)
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
        return problem(status, detail, errors=[error.as_json() for error in errors], headers=headers)

    def _count(self, outcome: str, number: int) -> None:
        self.counted.labels(outcome).inc(number)


def _put_off(error: Exception) -> Response:
    log.warning("gateway_put_off", error=str(error))
    return later("nothing was confirmed; send it again, what arrived already does no harm")


def _ids(told: Sequence[Told]) -> list[str]:
    return [each.id for each in told]


def routes(gateway: EventGateway) -> list[Route]:
    return [Route(PATH, gateway.events, methods=["POST"])]
