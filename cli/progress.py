"""Progress of long work: a bar on standard error when that is a terminal, nothing otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from cli.output import err


@contextmanager
def progress(title: str, *, total: float) -> Iterator[Callable[[float], None]]:
    """A function to call with how far it is, out of `total`."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(title, total=total or 1)
        yield lambda done: bar.update(task, completed=done)
