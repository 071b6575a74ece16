"""Leaving, from a mail program's own button (RFC 8058) or from the page: stored before it is answered."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.errors import Transient
from domain.tracking import Kind, in_url, token
from handlers.page_tokens import PageTokens
from handlers.ports.clock import Clock
from handlers.unsubscribe import Unsubscriber, Way, unsubscribed
from web.confirmed import confirmed
from web.page import Pages
from web.ports import Publishing

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Leaving:
    """Keeps that somebody leaves: in MongoDB, or while that is away in a queue, which is as lasting."""

    unsubscriber: Unsubscriber
    publishing: Publishing
    now: Clock

    async def __call__(self, email_id: str, way: Way) -> None:
        """
        Raises:
            BrokerUnavailable: neither took it.
        """
        event = unsubscribed(email_id, way, self.now())
        try:
            await self.unsubscriber(event)
        except Transient as error:
            log.warning("unsubscribe_queued", error=str(error))
            await confirmed(self.publishing, event)


@dataclass(frozen=True, slots=True)
class Unsubscribing:
    tokens: PageTokens
    leaving: Leaving
    pages: Pages

    def routes(self) -> list[Route]:
        return [
            Route("/u/{token}", self.unsubscribe_page),
            Route("/u/{token}", self.unsubscribe, methods=["POST"]),
        ]

    async def unsubscribe_page(self, request: Request) -> Response:
        """A page with a button: scanners fetch it, and fetching it changes nothing."""
        email_id = await self._email(request)
        links = {"preferences": f"../p/{in_url(token(Kind.PREFERENCES, email_id, self.tokens.keys))}"}
        return self.pages.answer(request, "unsubscribe.html", "unsubscribe_title", "unsubscribe_text", links)

    async def unsubscribe(self, request: Request) -> Response:
        """Whatever the body says, posting here is the wish to leave; it tells only how. No redirect (RFC 8058, 3.2)."""
        email_id = await self._email(request)
        way = Way.ONE_CLICK if b"List-Unsubscribe" in await request.body() else Way.PAGE
        await self.leaving(email_id, way)
        return self.pages.answer(request, "base.html", "unsubscribed_title", "unsubscribed_text")

    async def _email(self, request: Request) -> str:
        email_id = await self.tokens.email_of(request.path_params["token"], Kind.UNSUBSCRIBE)
        if email_id is None:
            raise HTTPException(404)
        return email_id
