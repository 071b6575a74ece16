"""The numbers of a series: of each message, the sum of all messages, and of distinct people (R84)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field

from domain.response import Response, any_of
from domain.summary import NUMBERS, Summary


@dataclass(frozen=True, slots=True)
class SeriesFigures:
    messages: Mapping[str, Summary] = field(default_factory=dict)  #: by campaign
    people: Summary = field(default_factory=Summary)  #: each counts once per number, in whatever messages it happened

    @property
    def emails(self) -> Summary:
        """The sum of all messages: who opened three of them counts three times."""
        return summed(self.messages.values())


def summed(found: Iterable[Summary]) -> Summary:
    parts = [asdict(each) for each in found]
    return Summary(**{number: sum(part[number] for part in parts) for number in NUMBERS})


def people(kinds: Iterable[tuple[Collection[Response], int]]) -> Summary:
    """Distinct people from how many there are with each set of responses."""
    counted = list(kinds)
    return Summary(
        **{
            number: sum(count for responses, count in counted if any(any_of(which, one) for one in responses))
            for number, which in NUMBERS.items()
        }
    )
