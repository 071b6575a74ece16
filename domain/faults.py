"""What is wrong with a definition, gathered: whoever mends it wants to know all of it at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from domain.errors import InvalidDefinition, Permanent, TemplateInvalid


class Faulty(InvalidDefinition):
    """Several things are wrong with a definition; each in the words it would have alone."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(faults))

    @property
    def code(self) -> str:
        return "invalid_definition"


class Faults:
    """Keeps what was found until all has been looked at."""

    def __init__(self) -> None:
        self._found: list[Permanent] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """What is wrong in here is told later; whoever looks goes on after it."""
        try:
            yield
        except (InvalidDefinition, TemplateInvalid) as fault:
            self._found.append(fault)

    @property
    def texts(self) -> Sequence[str]:
        return [str(fault) for fault in self._found]

    def tell(self) -> None:
        """
        Raises:
            InvalidDefinition, TemplateInvalid: the one thing that is wrong, or `Faulty` with all of them.
        """
        if len(self._found) > 1:
            raise Faulty(self.texts)
        for fault in self._found:
            raise fault
