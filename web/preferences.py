"""The page where a reader chooses topics, leaves all, and says whether opens and clicks may be told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.preferences import Choice, Holding
from domain.tracking import Kind
from domain.tracking_policy import TrackingPolicy
from handlers.page_tokens import PageTokens
from handlers.preference_page import PreferencePage, Shown
from handlers.unsubscribe import Way
from web.page import Pages, speaks
from web.unsubscribe import Leaving
from web.words import WORDS

_MOST_FIELDS = 1000
_ANSWERS = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class PreferencesPage:
    tokens: PageTokens
    page: PreferencePage
    leaving: Leaving
    pages: Pages
    policy: TrackingPolicy

    def routes(self) -> list[Route]:
        return [
            Route("/p/{token}", self.preferences_page),
            Route("/p/{token}", self.preferences, methods=["POST"]),
        ]

    async def preferences_page(self, request: Request) -> Response:
        return await self._shown(request, await self._email(request))

    async def preferences(self, request: Request) -> Response:
        """Keep what was chosen, then show the page as it is now."""
        email_id, fields = await self._email(request), _fields(await request.body())
        if "leave" in fields:
            await self.leaving(email_id, Way.PREFERENCES)
            return self.pages.answer(request, "base.html", "unsubscribed_title", "unsubscribed_text")
        await self.page.choose(email_id, _choice(fields))
        return await self._shown(request, email_id, saved=True)

    async def _email(self, request: Request) -> str:
        email_id = await self.tokens.email_of(request.path_params["token"], Kind.PREFERENCES)
        if email_id is None:
            raise HTTPException(404)
        return email_id

    async def _shown(self, request: Request, email_id: str, *, saved: bool = False) -> Response:
        shown = await self.page.of(email_id)
        if shown is None:
            raise HTTPException(404)
        values = {**self._values(shown), "saved": saved}
        words = WORDS[speaks(request, shown.language)]
        values["tracking_text"] = self.pages.said(words.tracking_text, values)
        values["not_mailed"] = self.pages.said(words.not_mailed, values)
        title, text = "preferences_title", "preferences_text"
        return self.pages.answer(request, "preferences.html", title, text, values, known=shown.language)

    def _values(self, shown: Shown) -> dict[str, Any]:
        topics = shown.preferences.topics
        holds_any = any(each.holding is Holding.HELD for each in topics)
        return {
            "address": masked(shown.preferences.address),
            "is_mailed": shown.is_mailed,
            "asks_tracking": self.policy is not TrackingPolicy.OFF,
            "tracking": shown.preferences.tracking,
            "topics": [
                {"id": each.topic.id, "name": each.topic.name, "chosen": _is_chosen(each.holding, holds_any=holds_any)}
                for each in topics
            ],
        }


def masked(address: str) -> str:
    """Enough for its owner to know it by, too little for whoever was forwarded the mail."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def _is_chosen(holding: Holding, *, holds_any: bool) -> bool:
    """Who never chose gets every topic's mails, as long as none is held."""
    return holding is Holding.HELD or (holding is Holding.OPEN and not holds_any)


def _fields(body: bytes) -> Mapping[str, Sequence[str]]:
    try:
        return parse_qs(body.decode("ascii"), max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        raise HTTPException(400) from None


def _choice(fields: Mapping[str, Sequence[str]]) -> Choice:
    """Topics only where they were asked for: a form without them leaves none."""
    topics = frozenset(fields.get("topic", ())) if "topics" in fields.get("asked", ()) else None
    return Choice(topics=topics, tracking=_ANSWERS.get(fields.get("tracking", [""])[0]))
