"""Answers that are given before any page is asked: short, plain, and the connection is closed."""

from __future__ import annotations

from starlette.responses import PlainTextResponse


def refusal(status: int, words: str, **headers: str) -> PlainTextResponse:
    """`retry_after="1"` becomes Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return PlainTextResponse(f"{words}\n", status, {"connection": "close", **named})
