"""What a session asks of whoever gives it mails."""

from __future__ import annotations

from typing import Protocol

from domain.assembly import OutgoingMail
from domain.delivery import Attempt


class Outbox(Protocol):
    """Where a session takes its mails from."""

    def take(self) -> OutgoingMail | None:
        """The next mail, or None when there is none for this session."""

    def give_back(self, mail: OutgoingMail) -> None:
        """The session ended before this mail's turn had really come."""

    def tell(self, mail: OutgoingMail, attempt: Attempt) -> None:
        """How the try ended. NOT_SENT is told when the session broke at this mail's own command."""
