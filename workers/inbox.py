"""Deliveries that wait for a worker. Bounded by the prefetch of their channel."""

import asyncio

from workers.delivery import Delivery


class Inbox:
    """Hands out deliveries in order of arrival; those of a dead channel are dropped: the broker sends them again."""

    def __init__(self) -> None:
        self._arrived: asyncio.Queue[Delivery | None] = asyncio.Queue()
        self._closed = False
        self.stale = 0

    @property
    def is_closed(self) -> bool:
        return self._closed

    def put(self, delivery: Delivery) -> None:
        if not self._closed:
            self._arrived.put_nowait(delivery)

    def close(self) -> None:
        """Hand out nothing more. What nobody took goes back to its queue when its channel closes."""
        self._closed = True
        self._arrived.put_nowait(None)

    async def get(self) -> Delivery | None:
        """The next delivery, or None when the inbox was closed."""
        while not self._closed:
            delivery = await self._arrived.get()
            if delivery is None:
                break
            if delivery.generation.alive and not self._closed:
                return delivery
            self.stale += 1
        self._arrived.put_nowait(None)  # wakes the next one who waits
        return None

    def take_back(self) -> list[Delivery]:
        """Everything that nobody took yet and that can still be settled; it is handed out no more."""
        found = []
        while (delivery := self.get_nowait()) is not None:
            found.append(delivery)
        return found

    def get_nowait(self) -> Delivery | None:
        """The next delivery if one is here."""
        while not self._closed and not self._arrived.empty():
            delivery = self._arrived.get_nowait()
            if delivery is not None and delivery.generation.alive:
                return delivery
            self.stale += 1
        return None
