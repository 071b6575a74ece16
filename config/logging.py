"""Logs: events with fields on standard error; JSON unless it is a terminal. Email addresses never appear in full."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import structlog

_ADDRESS = re.compile(r"([^\s<>\"'@,;:]{1,64})@([A-Za-z0-9.-]+)")
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(level: str = "info", format: str = "auto", **bound: str) -> None:  # noqa: A002
    """Set up structlog and the standard library's loggers for this process; `bound` is on every line."""
    as_json = format == "json" or (format == "auto" and not sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask_addresses,
    ]
    renderer: Any = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,  # a logger kept would not hear of a later configuration
    )
    structlog.contextvars.bind_contextvars(**bound)
    _route_standard_library(level)


def mask_addresses(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Leave the first letter and the domain of whatever looks like an address, in texts of others too."""
    return {key: _masked(value) if isinstance(value, str) else value for key, value in event.items()}


def _masked(text: str) -> str:
    return _ADDRESS.sub(lambda found: f"{found[1][0]}***@{found[2]}", text) if "@" in text else text


class _ToStructlog(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger(record.name)
        logger.log(record.levelno, record.getMessage(), exc_info=record.exc_info)


def _route_standard_library(level: str) -> None:
    """Libraries speak from `warning` on: their `info` is about themselves.

    aiormq logs as an error what it raises as well: whoever catches it says it once, in our words.
    """
    root = logging.getLogger()
    root.handlers = [_ToStructlog()]
    root.setLevel(max(LEVELS[level], logging.WARNING))
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)
