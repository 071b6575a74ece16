"""Bounces in prose: who did not get the mail, and why, from a notice made for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from domain.classification import notice_phrases as phrases
from domain.classification.addresses import ADDRESS, addresses_in, is_machine
from domain.classification.parts import Headers, read_headers

MAX_NOTICE = 16_000  #: characters
MAX_RECIPIENTS = 200
_MAX_EVIDENCE = 4000

_SURE = 3  #: guesses before this one name those who are meant, not merely somebody


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice without what it returns."""

    text: str
    returned: Headers  #: of the mail that is quoted below it; empty where none is


@dataclass(frozen=True, slots=True)
class _Named:
    """An address in a text."""

    address: str
    place: int  #: where its line begins
    before: str  #: what stands before it on the line


@dataclass(frozen=True, slots=True)
class Failure:
    address: str | None
    words: str  #: what is said of it
    preamble: str = ""  #: what is said before anybody is named


def split_notice(text: str) -> Notice:
    """The notice, and the headers of the mail that is quoted after it."""
    lines = text[:MAX_NOTICE].split("\n")
    for index, line in enumerate(lines):
        bare = line.strip(phrases.DRAWN).lower()
        if bare and phrases.QUOTE.match(bare) and index:
            return Notice("\n".join(lines[:index]), _quoted(lines[index + 1 :]))
        if phrases.SURE_HEADER.match(line) and _is_header_block(lines[index : index + 6]):
            start = _block_start(lines, index)
            return Notice("\n".join(lines[:start]), _quoted(lines[start:]))
    return Notice("\n".join(lines), Headers([]))


def _is_header_block(lines: Sequence[str]) -> bool:
    return sum(1 for line in lines if phrases.HEADER.match(line)) >= 2


def _block_start(lines: Sequence[str], index: int) -> int:
    while index and phrases.HEADER.match(lines[index - 1]):
        index -= 1
    return index


def _quoted(lines: Sequence[str]) -> Headers:
    """Headers in the lines below a mark, whatever is drawn before them."""
    for index, line in enumerate(lines[:40]):
        if phrases.HEADER.match(line.lstrip("> \t|")):
            block = "\n".join(one.lstrip(">|") if one[:1] in ">|" else one for one in lines[index : index + 200])
            return read_headers(block.lstrip(" ").encode("utf-8", "replace"))[0]
    return Headers([])


def failures(text: str, *, failed: Sequence[str], originally_to: Sequence[str], ours: Sequence[str]) -> list[Failure]:
    """Who did not get the mail and what is said of each.

    `failed`: addresses that a header names; `originally_to`: those the returned mail went to; `ours`: those that the
    bounce itself is from or to, never meant unless nobody else is named.
    """
    named = _named(text)
    listed = phrases.INTRODUCED.search(text)
    below = [one for one in named if listed and one.place >= listed.start()]
    known = {address.lower() for address in originally_to}
    mine = {address.lower() for address in ours} - known
    guesses = (
        [*failed],
        _lines(below),
        _lines(named),
        _phrases(named),
        [*originally_to],
        [one.address for one in named],
    )
    for place, candidates in enumerate(guesses):
        wanted = [one for one in _distinct(candidates) if one.lower() not in mine and not is_machine(one)]
        if place >= _SURE:
            wanted = [one for one in wanted if one.lower() in known] or wanted
        if wanted:
            return _with_words(text, wanted[:MAX_RECIPIENTS], named)
    anybody = _distinct([*_lines(below), *_lines(named), *originally_to])[:1]
    return [Failure(anybody[0] if anybody else None, text)]


def words_after(text: str, address: str) -> str:
    """What stands behind the first naming of an address, up to the next line that names another: why, mostly."""
    place = text.lower().find(address.lower())
    if place < 0:
        return ""
    below = text[place + len(address) : place + _MAX_EVIDENCE]
    for other in ADDRESS.finditer(below):
        start = below.rfind("\n", 0, other.start()) + 1
        named_first = start and phrases.NAMED.match(below[start : other.start()][-120:])
        if named_first and not below[start].isdigit() and other.group().lower() not in address.lower():
            return _without_boilerplate(below[:start])
    return _without_boilerplate(below)


def evidence(text: str) -> str:
    """The lines of a notice that say why."""
    return "\n".join(line for line in _without_boilerplate(text).split("\n") if phrases.TELLING.search(line))[
        :_MAX_EVIDENCE
    ]


def _without_boilerplate(text: str) -> str:
    lines = []
    for line in text.split("\n"):
        bare = line.strip().lower()
        if phrases.END.match(bare):
            break
        if not phrases.BOILERPLATE.match(bare):
            lines.append(line)
    return "\n".join(lines).strip(" \t\r\n<>:;,.)]*\"'-")


def _named(text: str) -> list[_Named]:
    found = []
    for match in ADDRESS.finditer(text):
        start = text.rfind("\n", 0, match.start()) + 1
        address = (addresses_in(match.group()) or [""])[0]
        if address:
            before = text[start : match.start()][-120:] if match.start() - start < 200 else "?"
            found.append(_Named(address, start, before))
        if len(found) >= MAX_RECIPIENTS * 4:
            break
    return found


def _lines(named: Sequence[_Named]) -> list[str]:
    return [one.address for one in named if phrases.NAMED.match(one.before)]


def _phrases(named: Sequence[_Named]) -> list[str]:
    return [one.address for one in named if phrases.PHRASE.search(one.before)]


def _distinct(addresses: Sequence[str]) -> list[str]:
    return list({address.lower(): address for address in reversed(addresses)}.values())[::-1]


def _with_words(text: str, wanted: Sequence[str], named: Sequence[_Named]) -> list[Failure]:
    """Of several, each gets what stands between its name and the next one's."""
    if len(wanted) == 1:
        return [Failure(wanted[0], text)]
    keys = {address.lower() for address in wanted}
    places = [(one.place, one.address.lower()) for one in named if one.address.lower() in keys]
    words: dict[str, list[str]] = {key: [] for key in keys}
    for (start, key), (stop, _) in pairwise([*places, (len(text), "")]):
        words[key].append(text[start : max(stop, start)])
    preamble = text[: places[0][0]] if places else text
    return [Failure(address, "\n".join(words[address.lower()]), preamble) for address in wanted]
