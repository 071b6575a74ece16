"""What happens when the CRM says that it has published all records of a module (R9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.errors import Incomplete, UnknownModule
from handlers.ports.audience import Modules, Records
from handlers.ports.privacy import Erasures
from messages.base import Message
from messages.snapshot_finished import SnapshotFinished


@dataclass(frozen=True, slots=True)
class SnapshotChecker:
    """Compares what was announced with what is here.

    The announcement travels on a queue of its own and may overtake the records: while some are missing it waits and
    comes back. If they never come, it ends among the parked messages with the number that is missing. More records
    than announced are fine: they were created after the snapshot. What can't be seen is a record that is missing
    while another one was created since; asking for a later snapshot shows it.
    """

    records: Records
    modules: Modules
    erasures: Erasures  #: records of erased people are in the CRM as long as nobody deletes them there, and never here

    async def __call__(self, finished: SnapshotFinished) -> Sequence[Message]:
        """Nothing follows.

        Raises:
            Incomplete: fewer records are here than there were when the snapshot was taken.
            UnknownModule: the module is neither built in nor described.
        """
        module = finished.module
        if await self.modules.get(module) is None:
            raise UnknownModule(f"module: {module} is not known; describe it with a module-described message")
        here = await self.records.count(module, as_of=finished.taken_at) + await self.erasures.count(module)
        if here < finished.count:
            raise Incomplete(
                f"{module}: waiting for {finished.count - here} more records of the snapshot of "
                f"{finished.taken_at.isoformat()}; {here} of {finished.count} are here"
            )
        return []
