"""One import from its first row to its last, in windows: what is done is stored, so that a killed one goes on."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO

from cli.csv_file import CsvFile
from cli.import_columns import REFUSED_BECAUSE, REFUSED_ROW, Columns
from cli.import_rows import BadRow, Made, Maker, Row, Suggestion, notes_on, read, suggestion
from cli.import_targets import Target
from domain.errors import Conflict
from domain.imports import ImportJob
from repositories.imports import MongoImports
from workers.resources import now

WINDOW = 500  #: rows taken at once; memory stays flat
MOST_KEPT = 1_000  #: refused rows, and suggestions, that are listed


@dataclass(slots=True)
class Told:
    """What an import has to say: all is counted, the first thousand are kept."""

    refused: list[BadRow] = field(default_factory=list)
    suggestions: list[Suggestion] = field(default_factory=list)

    def add(self, refused: Sequence[BadRow], suggestions: Sequence[Suggestion]) -> None:
        self.refused += refused[: MOST_KEPT - len(self.refused)]
        self.suggestions += suggestions[: MOST_KEPT - len(self.suggestions)]


@dataclass(frozen=True, slots=True)
class ReadWindow:
    """Some rows after each other."""

    made: Sequence[tuple[int, Made]]
    cells: Sequence[Sequence[str]]  #: as they stand in the file
    suggestions: Sequence[Suggestion]
    notes: Counter[str]  #: rows of which something is to be said, though they are taken
    read_bytes: int  #: how far into the file it reaches

    def refused(self) -> list[BadRow]:
        return [made for _, made in self.made if isinstance(made, BadRow)]


class RefusedFile:
    """A CSV of the refused rows with row number and reason, which may be mended and imported."""

    def __init__(self, to: IO[str], columns: Columns) -> None:
        self._to, self._writer = to, csv.writer(to)
        self._to.seek(0, 2)
        if self.size_bytes() == 0:
            self._writer.writerow((REFUSED_ROW, REFUSED_BECAUSE, *columns.names))

    def add(self, refused: Sequence[BadRow], window: ReadWindow) -> None:
        cells = {number: each for (number, _), each in zip(window.made, window.cells, strict=True)}
        self._writer.writerows(
            (bad.row, f"{bad.kind}: column {bad.column}: {bad.reason}", *cells[bad.row]) for bad in refused
        )
        self._to.flush()

    def size_bytes(self) -> int:
        self._to.flush()
        return self._to.tell()


@contextmanager
def refused_file(path: Path | None, job: ImportJob, columns: Columns) -> Iterator[RefusedFile | None]:
    """The file, with what belongs to the rows done so far: what was written of others is written again."""
    if path is None:
        yield None
        return
    with path.open("a+", encoding="utf-8", newline="") as to:
        to.truncate(min(job.refused_bytes, path.stat().st_size))
        yield RefusedFile(to, columns)


@dataclass(frozen=True, slots=True)
class Import:
    """All that one import needs."""

    file: CsvFile
    columns: Columns
    make: Maker
    target: Target
    jobs: MongoImports

    async def __call__(self, job: ImportJob, refused_to: Path | None, advance: Callable[[float], None]) -> Told:
        """Take the rows that are not done yet; `advance` is told how many bytes of the file are.

        Raises:
            Conflict: the same import goes on elsewhere.
        """
        told = Told()
        with refused_file(refused_to, job, self.columns) as refusals:
            for window in windows(self.file, self.columns, self.make, skip=job.rows):
                job = await self._take(job, window, refusals, told)
                advance(window.read_bytes)
        await self.target.finish(job)
        await self.jobs.end(job.id, now())
        return told

    async def _take(self, job: ImportJob, window: ReadWindow, refusals: RefusedFile | None, told: Told) -> ImportJob:
        taken = await self.target.take(window.made)
        refused = sorted([*window.refused(), *taken.refused], key=lambda bad: bad.row)
        if refusals:
            refusals.add(refused, window)
        counts = Counter(taken.counts) + Counter(f"refused.{bad.kind}" for bad in refused)
        counts += window.notes
        size_bytes = refusals.size_bytes() if refusals else job.refused_bytes
        after = job.after(len(window.made), size_bytes, counts)
        if not await self.jobs.advance(job, after):
            raise Conflict(f"import {job.id} goes on elsewhere, or was begun anew; wait for that one to end")
        told.add(refused, window.suggestions)
        return after


def windows(file: CsvFile, columns: Columns, make: Maker, *, skip: int = 0) -> Iterator[ReadWindow]:
    """The rows below the header in windows, without the first `skip` of them."""
    with file.rows() as reader:
        rows = islice(reader.rows, 1 + skip, None)
        while window := list(islice(rows, WINDOW)):
            yield _window(window, columns, make, reader.read_bytes())


def _window(rows: Sequence[tuple[int, list[str]]], columns: Columns, make: Maker, read_bytes: int) -> ReadWindow:
    found = [(number, read(number, cells, columns.names)) for number, cells in rows]
    good = [row for _, row in found if isinstance(row, Row)]
    asked = (suggestion(row, columns) for row in good)
    return ReadWindow(
        made=[(number, make(row) if isinstance(row, Row) else row) for number, row in found],
        cells=[cells for _, cells in rows],
        suggestions=[each for each in asked if each],
        notes=Counter(note for row in good for note in notes_on(row, columns)),
        read_bytes=read_bytes,
    )
