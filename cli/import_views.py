"""How an import looks: its preview, its report, and the imports there were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType

from cli.csv_file import CsvFile
from cli.import_columns import Columns
from cli.import_rows import BadRow, Made
from cli.import_run import MOST_KEPT, Told
from cli.output import counted, err, plain, say, table, tell
from domain.imports import ImportJob, Person
from messages.record_changed import RecordChanged

MOST_SHOWN = 20  #: refused rows, and suggestions, on a terminal
REFUSED = "refused."


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be imported."""

    file: CsvFile
    columns: Columns
    first: Sequence[tuple[int, Made]]

    def as_json(self) -> Mapping[str, Any]:
        return {
            "encoding": self.file.encoding,
            "delimiter": self.file.delimiter,
            "columns": dict(_columns(self.columns)),
            "rows": [{"row": number, **_row(made)} for number, made in self.first],
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an import."""

    job: ImportJob
    module: str | None  #: whose records they became; None: they joined a list
    told: Told
    refused_file: str | None

    @property
    def refused_count(self) -> int:
        return sum(self.reasons.values())

    @property
    def reasons(self) -> Mapping[str, int]:
        counts = self.job.counts.items()
        return {name.removeprefix(REFUSED): count for name, count in sorted(counts) if name.startswith(REFUSED)}

    @property
    def taken(self) -> Mapping[str, int]:
        names = ("published",) if self.module else ("new", "updated", "unchanged")
        return {name: self.job.counts.get(name, 0) for name in names}

    def as_json(self) -> Mapping[str, Any]:
        return {
            "import": self.job.id,
            "target": self.job.target,
            "module": self.module,
            "rows": self.job.rows,
            **self.taken,
            "refused": self.refused_count,
            "reasons": self.reasons,
            "refused_rows": plain(self.told.refused),
            "suggestions": plain(self.told.suggestions),
            "without_address": self.job.counts.get("without_address", 0),
            "cleaned": self.job.counts.get("cleaned", 0),
        }


def preview(shown: Preview) -> RenderableType:
    signs = {"\t": "tab", ",": "comma", ";": "semicolon"}
    delimiter = signs.get(shown.file.delimiter, shown.file.delimiter)
    title = f"{shown.file.path.name}: {shown.file.encoding}, cells separated by {delimiter}"
    rows = [(number, _line(made)) for number, made in shown.first]
    return Group(
        table(title, ("column", "fills"), _columns(shown.columns)),
        table("First rows", ("row", "becomes"), rows),
    )


def jobs(found: Sequence[ImportJob]) -> RenderableType:
    rows = [
        (job.id, job.target, job.rows, Report(job, None, Told(), None).refused_count, job.started_at, job.ended_at)
        for job in found
    ]
    return table("Imports", ("id", "into", "rows", "refused", "started", "ended"), rows)


def tell_report(report: Report) -> None:
    """The refused rows and what else there is to say, then one line."""
    for bad in report.told.refused[:MOST_SHOWN]:
        _warn(f"row {bad.row}, column {bad.column}: {bad.reason}")
    if report.refused_count > MOST_SHOWN:
        more = counted(report.refused_count - MOST_SHOWN, "row")
        say(f"… and {more} more; --json lists the first {MOST_KEPT:,}, --refused FILE writes all.")
    for each in report.told.suggestions[:MOST_SHOWN]:
        _warn(f"row {each.row}: {each.address} – is {each.suggested} meant? It was taken as it is.")
    _tell_notes(report)
    tell(_line_of(report))
    if report.refused_count > MOST_SHOWN:
        tell("Refused: " + ", ".join(f"{name} {count:,}" for name, count in report.reasons.items()))
    if report.refused_file and report.refused_count:
        tell(f"The refused rows are in {report.refused_file}; mend them there and import that file.")


def _tell_notes(report: Report) -> None:
    counts = report.job.counts
    if (more := counts.get("suggestions", 0) - MOST_SHOWN) > 0:
        say(f"… and {more:,} more addresses that may be slips; --json lists the first {MOST_KEPT:,}.")
    if report.module and (without := counts.get("without_address", 0)):
        say(f"{counted(without, 'record')} without an address that mail can be sent to: a sync skips them.")
    if cleaned := counts.get("cleaned", 0):
        say(f"Control characters were taken out of {counted(cleaned, 'row')}.")


def _line_of(report: Report) -> str:
    refused = counted(report.refused_count, "row")
    if report.module:
        published = counted(report.taken["published"], "record")
        return f"{published} of {report.module} published, {refused} refused."
    taken = ", ".join(f"{count:,} {name}" for name, count in report.taken.items())
    return f"{report.job.target.replace(':', ' ')}: {taken}, {refused} refused."


def _warn(text: str) -> None:
    err.print(text, style="yellow", markup=False, soft_wrap=True)


def _columns(columns: Columns) -> list[tuple[str, str]]:
    fills = dict(columns.of_fields())
    if columns.email:
        fills[columns.email] = f"{fills.get(columns.email, 'email')} (address)"
    if columns.record_id:
        fills[columns.record_id] = "record id"
    if columns.changed_at:
        fills[columns.changed_at] = f"{fills.get(columns.changed_at, '')} (when it changed)".strip()
    return [(name, fills.get(name, "ignored")) for name in columns.names]


def _row(made: Made) -> Mapping[str, Any]:
    if isinstance(made, BadRow):
        return {"refused": made.kind.value, "column": made.column, "reason": made.reason}
    if isinstance(made, Person):
        return {"address": made.address.sendable, "values": dict(made.values)}
    return {"record_id": made.record_id, "fields": made.fields}


def _line(made: Made) -> str:
    if isinstance(made, BadRow):
        return f"refused: column {made.column}: {made.reason}"
    values = made.fields or {} if isinstance(made, RecordChanged) else made.values
    name = made.record_id if isinstance(made, RecordChanged) else made.address.sendable
    return f"{name}: " + ", ".join(f"{field}={str(value)[:40]}" for field, value in values.items() if value)
