"""Templates that people saved. {_id: name, subject, html, text, saved_at, preheader (absent in old ones)}"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from domain.saved_template import SavedTemplate
from repositories.connection import Database, collection
from repositories.errors import answered, streamed


class MongoTemplates:
    def __init__(self, database: Database) -> None:
        self._templates = collection(database, "templates")

    async def get(self, name: str) -> SavedTemplate | None:
        document = await answered(self._templates.find_one({"_id": name}))
        return _template(document) if document else None

    async def save(self, template: SavedTemplate) -> None:
        document = {
            "subject": template.subject,
            "html": template.html,
            "text": template.text,
            "saved_at": template.saved_at,
            "preheader": template.preheader,
        }
        await answered(self._templates.replace_one({"_id": template.name}, document, upsert=True))

    async def all(self) -> Sequence[SavedTemplate]:
        return [_template(document) async for document in streamed(self._templates.find().sort("_id", 1))]


def _template(document: Mapping[str, Any]) -> SavedTemplate:
    return SavedTemplate(
        name=document["_id"],
        subject=document["subject"],
        html=document["html"],
        text=document["text"],
        saved_at=document["saved_at"],
        preheader=document.get("preheader", ""),
    )
