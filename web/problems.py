"""Refusals that programs read: RFC 9457, Problem Details."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5


def problem(
    status: int,
    detail: str,
    *,
    errors: Sequence[Mapping[str, object]] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """What is wrong, in words; `errors` are of single fields."""
    told = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    listed = {"errors": list(errors)} if errors else {}
    return JSONResponse({**told, **listed}, status, headers, MEDIA_TYPE)


def later(detail: str, after_s: int = RETRY_AFTER_S, status: int = 503) -> JSONResponse:
    """Nothing was kept, or nobody knows: to be sent again."""
    return problem(status, detail, headers={"Retry-After": str(after_s)})
