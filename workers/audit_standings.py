"""What stood there before and after a change, in the audit log: of what has no status, the few words that tell."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from domain.audit import choices, suppressed
from domain.throttle import Limits
from handlers.audit import Standing
from repositories.stores import Stores


def standings(stores: Stores) -> Mapping[str, Standing]:
    """By kind of subject. No name, no address and no value of a person is in them."""
    found = _Standings(stores)
    return {
        "contact": found.contact,
        "import": found.imported,
        "list": found.mailing_list,
        "module": found.module,
        "template": found.template,
        "throttle": found.throttle,
        "token": found.token,
        "topic": found.topic,
    }


@dataclass(frozen=True, slots=True)
class _Standings:
    stores: Stores

    async def contact(self, contact_id: str) -> str | None:
        reasons = (await self.stores.suppressions.of([contact_id])).get(contact_id, frozenset())
        known = (await self.stores.contacts.load([contact_id])).get(contact_id)
        if known is None:
            return suppressed(reasons)
        return f"{suppressed(reasons)}; {choices(known)}"

    async def imported(self, import_id: str) -> str | None:
        found = await self.stores.imports.get(import_id)
        return f"{found.target}, {found.rows:,} rows" if found else None

    async def mailing_list(self, list_id: str) -> str | None:
        found = await self.stores.lists.get(list_id)
        return f"{found.name}, {found.subscription}, message {_mark(found.message)}" if found else None

    async def module(self, name: str) -> str | None:
        found = await self.stores.modules.get(name)
        return f"{len(found.fields):,} fields, {_mark(repr(found.fields))}" if found else None

    async def template(self, name: str) -> str | None:
        found = await self.stores.templates.get(name)
        return _mark(found.subject, found.preheader, found.html or "", found.text or "") if found else None

    async def throttle(self, name: str) -> str | None:
        found = next((each for each in await self.stores.throttles.all() if each.name == name), None)
        return _limits(found.override) if found and found.override else "as the settings say"

    async def token(self, token_id: str) -> str | None:
        found = await self.stores.api_tokens.find(token_id)
        return f"{'revoked' if found.revoked_at else 'open'}: {' '.join(sorted(found.scopes))}" if found else None

    async def topic(self, topic_id: str) -> str | None:
        found = await self.stores.topics.get(topic_id)
        return found.name if found else None


def _limits(limits: Limits) -> str:
    rate = f"{limits.per_s:g}/s" if limits.per_s is not None else "no limit"
    return rate if limits.connections is None else f"{rate}, {limits.connections} connections"


def _mark(*texts: str) -> str:
    """Tells one text from another, and says nothing of it."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]
