"""The fake of the `Parking` port."""

from dataclasses import dataclass, field

from domain.errors import StoreUnavailable
from domain.parked import ParkedMessage


@dataclass
class MemoryParking:
    """Keeps the last of each id. Refuses as often as `away` says, as MongoDB without a primary would."""

    away: int = 0
    messages: dict[str, ParkedMessage] = field(default_factory=dict)

    async def park(self, message: ParkedMessage) -> None:
        if self.away:
            self.away -= 1
            raise StoreUnavailable("no primary")
        self.messages[message.id] = message

    def only(self) -> ParkedMessage:
        (message,) = self.messages.values()
        return message
