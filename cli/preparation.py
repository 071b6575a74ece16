"""Declares everything that workers need in RabbitMQ and MongoDB."""

from __future__ import annotations

from config.settings import Settings
from repositories.indexes import INDEXES, ensure_indexes
from repositories.stores import Stores
from workers.catalog import QUEUES
from workers.declaration import declare
from workers.options import amqp_options, database, levels_s
from workers.topology import topology


async def initialise(settings: Settings) -> dict[str, int]:
    """How many queues and indexes there are then. Repeating it changes nothing."""
    wanted = topology(QUEUES, levels_s(settings))
    await declare(amqp_options(settings), wanted)
    stores = Stores.of(database(settings))
    try:
        await ensure_indexes(stores.database)
    finally:
        stores.close()
    return {"queues": len(wanted.queues), "indexes": len(INDEXES)}
