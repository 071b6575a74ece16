"""CSV as people have it: which encoding, which delimiter, and its rows one by one."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from charset_normalizer import CharsetMatch, from_bytes

from domain.errors import InvalidDefinition

CHUNK_BYTES = 1 << 20
SAMPLE_BYTES = 1 << 16  #: what an encoding or a delimiter is judged by
SAMPLE_ROWS = 50
MOST_CELL_CHARACTERS = 1 << 22  #: a quotation mark that is never closed ends here
DELIMITERS = ",;\t|"
#: What spreadsheets write, the likeliest first: where several fit equally well the first is taken.
ENCODINGS = ("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp932", "gb18030", "big5", "cp949", "utf_16")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
#: Beginnings of spreadsheet files (ZIP, OLE2).
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")

csv.field_size_limit(MOST_CELL_CHARACTERS)


@dataclass(frozen=True, slots=True)
class Reader:
    rows: Iterator[tuple[int, list[str]]]  #: those that are not empty, numbered as a spreadsheet does
    read_bytes: Callable[[], int]  #: how far into the file they were read


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A file, and how it is read."""

    path: Path
    encoding: str
    delimiter: str
    size_bytes: int
    sha256: str  #: of its bytes, in hex: equal for equal files, whatever they are called

    @contextmanager
    def rows(self) -> Iterator[Reader]:
        """Its rows while it is open; see `rows`."""
        with self.path.open("rb") as raw, io.TextIOWrapper(raw, encoding=self.encoding, newline="") as lines:
            yield Reader(rows(lines, self.delimiter), raw.tell)


def inspected(path: Path, encoding: str | None = None, delimiter: str | None = None) -> CsvFile:
    """The file with its encoding and delimiter, found where they are not given. Reads all of it once.

    Raises:
        InvalidDefinition: a spreadsheet, not text in one encoding, or an encoding that Python does not know.
    """
    reading = _Reading(path)
    chosen = _known(encoding) if encoding else reading.encoding()
    with path.open(encoding=chosen, errors="replace", newline="") as text:
        beginning = text.read(SAMPLE_BYTES)
    return CsvFile(path, chosen, delimiter or _delimiter(beginning), reading.size_bytes, reading.sha256)


def rows(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with its number as a spreadsheet counts: cells may hold line ends, and empty rows count.

    Raises:
        InvalidDefinition: the file is not in its encoding, or not CSV, from some row on.
    """
    number = 0
    try:
        for number, cells in enumerate(csv.reader(lines, delimiter=delimiter), 1):
            if cells:
                yield number, cells
    except UnicodeDecodeError as error:
        why = f"is not {error.encoding.upper()}; save it as CSV UTF-8, or say --encoding"
        raise InvalidDefinition(_unreadable(number, why)) from error
    except csv.Error as error:
        raise InvalidDefinition(_unreadable(number, f"is not CSV: {error}")) from error


def _unreadable(last: int, why: str) -> str:
    """What a file is read in pieces for: those before the bad one may be taken, and may be taken again."""
    return f"the file {why}. It could be read up to row {last}; mend it and import it again: nothing comes twice"


class _Reading:
    """One pass over the bytes of a file."""

    def __init__(self, path: Path) -> None:
        digest, decoder = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")()
        self.size_bytes, self.beginning = 0, b""
        self.wrong_at: int | None = None  #: byte from which on it is not UTF-8
        self.sample = b""  #: around that byte
        self.beyond_ascii = False  #: before that byte
        with path.open("rb") as raw:
            while chunk := raw.read(CHUNK_BYTES):
                self.beginning = self.beginning or chunk[:8]
                digest.update(chunk)
                if self.wrong_at is None:
                    self._decode(decoder, chunk)
                self.size_bytes += len(chunk)
            if self.wrong_at is None and decoder.getstate()[0]:
                self.wrong_at = self.size_bytes
        self.sha256 = digest.hexdigest()

    def encoding(self) -> str:
        if self.beginning.startswith(_SPREADSHEETS):
            raise InvalidDefinition("the file is a spreadsheet; save it as CSV UTF-8")
        for mark, name in _BOMS:
            if self.beginning.startswith(mark):
                return name
        if self.wrong_at is None:
            return "utf-8"
        if self.beyond_ascii:
            where = f"is UTF-8 up to byte {self.wrong_at}, where another encoding begins"
            raise InvalidDefinition(f"the file {where}; save it as CSV UTF-8, or say --encoding")
        return _guessed(self.sample)

    def _decode(self, decoder: codecs.IncrementalDecoder, chunk: bytes) -> None:
        try:
            self.beyond_ascii |= not decoder.decode(chunk).isascii()
        except UnicodeDecodeError as error:
            self.wrong_at = self.size_bytes + error.start
            self.beyond_ascii |= not error.object[: error.start].isascii()
            self.sample = _whole_lines(chunk, error.start)


def _whole_lines(chunk: bytes, place: int) -> bytes:
    """Some lines around a byte: half a character at an end would speak against every encoding that is right."""
    begin = chunk.rfind(b"\n", 0, max(0, place - SAMPLE_BYTES // 2)) + 1
    end = chunk.rfind(b"\n", place, place + SAMPLE_BYTES)
    return chunk[begin : end if end > place else len(chunk)]


def _guessed(sample: bytes) -> str:
    found = list(from_bytes(sample, cp_isolation=list(ENCODINGS)))
    if not found:
        raise InvalidDefinition("the file is not text in an encoding that we know; save it as CSV UTF-8")
    return min(found, key=_rank).encoding


def _rank(match: CharsetMatch) -> tuple[float, float, int]:
    return round(match.chaos, 3), -round(match.coherence, 2), ENCODINGS.index(match.encoding)


def _known(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError as error:
        raise InvalidDefinition(f"--encoding: {encoding!r} is none that Python knows; utf-8 and cp1252 are") from error


def _delimiter(beginning: str) -> str:
    """The delimiter that cuts the most rows into as many cells as the header has, more than one."""
    return max(DELIMITERS, key=lambda one: _fit(beginning, one))


def _fit(beginning: str, delimiter: str) -> tuple[int, int]:
    try:
        first = list(islice(csv.reader(io.StringIO(beginning, newline=""), delimiter=delimiter), SAMPLE_ROWS))
    except csv.Error:
        return 0, 0
    columns = len(first[0]) if first else 0
    return (_alike(first, columns), columns) if columns > 1 else (0, 0)


def _alike(first: Sequence[Sequence[str]], columns: int) -> int:
    return Counter(len(cells) for cells in first)[columns]
