"""Pages in the organisation's look: no script, nothing from elsewhere, one style that the policy names by its hash."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import minijinja
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from web.look import Look
from web.words import WORDS, Words, language

_PAGES = Path(__file__).parent / "pages"


class Pages:
    def __init__(self, look: Look) -> None:
        self._look = look
        self._style = _style(look)
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        self._policy = (
            f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'"
        )
        self._engine = minijinja.Environment(
            loader=lambda name: (_PAGES / name).read_text(encoding="utf-8"),
            auto_escape_callback=lambda name: "html",
        )

    def answer(
        self,
        request: Request,
        template: str,
        title: str,
        text: str,
        values: Mapping[str, Any] | None = None,
        *,
        status: int = 200,
        known: str | None = None,
    ) -> Response:
        """The page; `title` and `text` name what `Words` say, `known` is the language that the reader is known by."""
        lang = speaks(request, known)
        words, values = WORDS[lang], dict(values or {})
        shown = {
            "lang": lang,
            "words": words_of(words),
            "title": getattr(words, title),
            "text": self.said(getattr(words, text), values),
            "name": self._look.name,
            "postal_address": self._look.postal_address,
            "logo": _up(request, "logo") if self._look.logo else None,
            "style": minijinja.safe(self._style),
            **values,
        }
        headers = {"Content-Security-Policy": self._policy, "Content-Language": lang, "Vary": "Accept-Language"}
        return HTMLResponse(self._engine.render_template(template, **shown), status, headers)

    def said(self, words: str, values: Mapping[str, Any]) -> str:
        """The words with the organisation's name, and the reader's address, in their places."""
        return words.replace("{name}", self._look.name).replace("{address}", str(values.get("address", "")))

    def error(self, request: Request, status: int) -> Response:
        """What did not work, in the reader's language."""
        said = {404: "not_found", 503: "later"}.get(status, "failed")
        return self.answer(request, "base.html", f"{said}_title", f"{said}_text", status=status)

    def routes(self) -> list[Route]:
        return [
            Route("/robots.txt", self.robots),
            *([Route("/logo", self.logo)] if self._look.logo else []),
        ]

    async def logo(self, request: Request) -> Response:
        assert self._look.logo is not None, "its route is there only with a logo"
        headers = {"Cache-Control": "public, max-age=86400"}
        return Response(self._look.logo.content, media_type=self._look.logo.kind, headers=headers)

    async def robots(self, request: Request) -> Response:
        return Response("User-agent: *\nDisallow: /\n", media_type="text/plain")


def speaks(request: Request, known: str | None = None) -> str:
    """The language of this reader's page."""
    return language(request.headers.get("accept-language", ""), known)


def words_of(words: Words) -> dict[str, str]:
    return {name: getattr(words, name) for name in Words.__slots__}


def _up(request: Request, name: str) -> str:
    """The way to a page of ours from the one asked for: relative, so that a proxy may serve us below a path."""
    return "../" * (request.url.path.count("/") - 1) + name


def _style(look: Look) -> str:
    css = (_PAGES / "page.css").read_text(encoding="utf-8")
    return css.replace("ONCOLOUR", look.text_on_colour).replace("COLOUR", look.colour)
