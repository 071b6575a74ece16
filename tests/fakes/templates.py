"""Saved templates in memory."""

from __future__ import annotations

from collections.abc import Sequence

from domain.saved_template import SavedTemplate


class MemoryTemplates:
    def __init__(self, *templates: SavedTemplate) -> None:
        self.stored: dict[str, SavedTemplate] = {template.name: template for template in templates}

    async def get(self, name: str) -> SavedTemplate | None:
        return self.stored.get(name)

    async def save(self, template: SavedTemplate) -> None:
        self.stored[template.name] = template

    async def all(self) -> Sequence[SavedTemplate]:
        return [self.stored[name] for name in sorted(self.stored)]
