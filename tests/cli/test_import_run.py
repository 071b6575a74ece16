"""An import in windows: what is done is stored, what is refused is written once."""

from __future__ import annotations

import csv
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cli.csv_file import inspected
from cli.import_columns import of_contacts
from cli.import_rows import BadRow, Made, people
from cli.import_run import MOST_KEPT, WINDOW, Import, Told
from cli.import_targets import Taken
from domain.errors import Conflict
from domain.imports import ImportJob, Person, RowReason
from tests.builders import NOW
from tests.fakes.imports import MemoryImports


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Kept:
    """A target that keeps what it takes, and ends the process when it has taken so many windows."""

    until: int = 10**9
    taken: list[str] = field(default_factory=list)
    finished: int = 0

    async def take(self, window: Sequence[tuple[int, Made]]) -> Taken:
        if self.until == 0:
            raise Killed
        self.until -= 1
        good = [(row, made) for row, made in window if isinstance(made, Person)]
        self.taken += [made.address.sendable for _, made in good]
        refused = [
            BadRow(row, "email", "left earlier", RowReason.OPTED_OUT)
            for row, made in good
            if made.address.sendable.startswith("left")
        ]
        return Taken(["new"] * (len(good) - len(refused)), refused)

    async def finish(self, _: ImportJob) -> None:
        self.finished += 1


def written(tmp_path: Path, count: int) -> Path:
    file = tmp_path / "people.csv"
    kinds = {7: "nobody", 11: "left{0}@crm.example"}
    rows = (kinds.get(number % 100, "p{0}@crm.example").format(number) for number in range(count))
    file.write_text("Email\n" + "\n".join(rows))
    return file


async def run(path: Path, target: Kept, jobs: MemoryImports, refused: Path | None = None) -> tuple[ImportJob, Told]:
    file = inspected(path)
    columns = of_contacts(["Email"], {})
    job = await jobs.begin(ImportJob("people-1", "list:news", path.name, NOW))
    told = await Import(file, columns, people(columns), target, jobs)(job, refused, lambda _: None)
    return jobs.stored["people-1"], told


def numbers(refused: Path) -> list[int]:
    with refused.open(newline="") as lines:
        return [int(row["refused_row"]) for row in csv.DictReader(lines)]


async def test_every_row_is_counted_once(tmp_path: Path) -> None:
    job, told = await run(written(tmp_path, 1_200), Kept(), MemoryImports())
    assert job.counts == {"new": 1_176, "refused.invalid_email": 12, "refused.opted_out": 12, "without_address": 12}
    assert (job.rows, job.ended_at is not None) == (1_200, True)
    assert [bad.row for bad in told.refused][:4] == [9, 13, 109, 113]


async def test_what_was_interrupted_goes_on_where_it_was(tmp_path: Path) -> None:
    path, jobs, refused = written(tmp_path, 1_700), MemoryImports(), tmp_path / "refused.csv"
    first, second = Kept(until=2), Kept()
    with pytest.raises(Killed):
        await run(path, first, jobs, refused)
    job, _ = await run(path, second, jobs, refused)
    assert (len(first.taken), first.finished, second.finished) == (990, 0, 1)
    assert set(first.taken).isdisjoint(second.taken)
    assert (job.rows, sum(job.counts.values())) == (1_700, 1_717)
    assert numbers(refused) == sorted(n + 2 for n in range(1_700) if n % 100 in {7, 11})


async def test_refused_rows_of_a_window_that_was_not_stored_are_written_once(tmp_path: Path) -> None:
    path, jobs, refused = written(tmp_path, 1_000), MemoryImports(), tmp_path / "refused.csv"

    class Dying(MemoryImports):
        async def advance(self, before: ImportJob, after: ImportJob) -> bool:
            if after.rows > WINDOW:
                raise Killed
            return await super().advance(before, after)

    dying = Dying()
    with pytest.raises(Killed):
        await run(path, Kept(), dying, refused)
    assert len(numbers(refused)) == 20
    jobs.stored = dying.stored
    await run(path, Kept(), jobs, refused)
    assert len(numbers(refused)) == 20


async def test_a_window_that_goes_on_elsewhere_stops_this_one(tmp_path: Path) -> None:
    class Elsewhere(MemoryImports):
        async def advance(self, before: ImportJob, after: ImportJob) -> bool:
            return False

    with pytest.raises(Conflict, match="import people-1 goes on elsewhere"):
        await run(written(tmp_path, 10), Kept(), Elsewhere())


async def test_memory_is_flat_and_refused_rows_are_counted_beyond_those_kept(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("Email\n" + "\n".join(["p@crm.example"] * 20_000 + ["nobody"] * 2_000))

    class Forgetting(Kept):
        async def take(self, window: Sequence[tuple[int, Made]]) -> Taken:
            assert len(window) <= WINDOW
            return Taken([])

    tracemalloc.start()
    job, told = await run(file, Forgetting(), MemoryImports())
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (job.counts["refused.invalid_email"], len(told.refused)) == (2_000, MOST_KEPT)
    assert peak_bytes < 8_000_000


async def test_progress_reaches_the_end_of_the_file(tmp_path: Path) -> None:
    path, reached, jobs = written(tmp_path, 1_200), list[float](), MemoryImports()
    columns = of_contacts(["Email"], {})
    job = await jobs.begin(ImportJob("people-1", "list:news", path.name, NOW))
    await Import(inspected(path), columns, people(columns), Kept(), jobs)(job, None, reached.append)
    assert reached == sorted(reached)
    assert reached[-1] == path.stat().st_size
