"""Commands configure the logs of their process; in tests that is the tests' process."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog


@contextmanager
def logs_as_before() -> Iterator[None]:
    """Whatever is configured meanwhile, handlers and levels are as they were afterwards."""
    root, libraries = logging.getLogger(), logging.getLogger("aiormq")
    handlers, level, theirs = root.handlers, root.level, libraries.level
    ours = structlog.get_config()
    try:
        yield
    finally:
        root.handlers = handlers
        root.setLevel(level)
        libraries.setLevel(theirs)
        structlog.contextvars.clear_contextvars()
        structlog.configure(**ours)


def silence() -> None:
    """Nothing is printed: workers that run in the tests' process would write between what a command prints.

    `structlog.testing.capture_logs` hears everything all the same.
    """
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
