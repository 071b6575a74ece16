"""What happens when the CRM describes a module: it is kept, and every sync of it is looked at with other eyes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handlers.ports.audience import Modules
from messages.base import Message
from messages.module_described import ModuleDescribed


@dataclass(frozen=True, slots=True)
class ModuleKeeper:
    """Keeps the newest description of each module.

    Whether a sync still fits is never stored: `domain.sync.problems` tells it from the description at any time, when a
    run is asked for and when the sync is shown. So nothing has to be brought up to date here.
    """

    modules: Modules

    async def __call__(self, message: ModuleDescribed) -> Sequence[Message]:
        """Nothing follows; a description older than the one that is stored changes nothing.

        Raises:
            InvalidDefinition: a field stands there twice, or the email field is none.
        """
        await self.modules.save(message.to_module())
        return []
