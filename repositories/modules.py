"""CRM modules as they were described.

{_id: module name, label, fields: [{api_name, label, type}], email_field,
 default_map: [{k: CRM field, v: contact field}], described_at_us: microseconds since 1970, or null}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo.errors import DuplicateKeyError

from domain.module import BUILT_IN, Module, ModuleField
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed
from repositories.values import microseconds, moment, pairs, unpaired


class MongoModules:
    def __init__(self, database: Database) -> None:
        self._modules = collection(database, "modules")

    async def get(self, name: str) -> Module | None:
        document = await answered(self._modules.find_one({"_id": name}))
        return _module(document) if document else BUILT_IN.get(name)

    async def save(self, module: Module) -> bool:
        document = _document(module)
        told_us = document["described_at_us"]
        # An insert that finds the id taken: a newer description is there.
        guard = {} if told_us is None else {"$nor": [{"described_at_us": {"$gt": told_us}}]}
        try:
            await answered(self._modules.replace_one({"_id": module.name, **guard}, document, upsert=True))
        except DuplicateKeyError:
            return False
        return True

    async def all(self) -> Sequence[Module]:
        """Described and built-in ones, in the order of their names."""
        described = {document["_id"]: _module(document) async for document in streamed(self._modules.find())}
        known = {**BUILT_IN, **described}
        return [known[name] for name in sorted(known)]


def _document(module: Module) -> Document:
    return {
        "label": module.label,
        "fields": [{"api_name": each.api_name, "label": each.label, "type": each.type} for each in module.fields],
        "email_field": module.email_field,
        "default_map": pairs(module.default_map),
        "described_at_us": microseconds(module.described_at) if module.described_at else None,
    }


def _module(document: Mapping[str, Any]) -> Module:
    at_us = document.get("described_at_us")  # absent before version 2
    return Module(
        name=document["_id"],
        label=document["label"],
        fields=tuple(ModuleField(each["api_name"], each["label"], each["type"]) for each in document["fields"]),
        email_field=document["email_field"],
        default_map=unpaired(document["default_map"]),
        described_at=moment(at_us) if at_us is not None else None,
    )
