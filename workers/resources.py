"""What the workers of one process share: opened once at the start, closed at the end."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from config.settings import Settings
from gateways.mx import MailHosts
from gateways.smtp import SmtpRelay
from handlers.audit import AuditTrail
from handlers.carry_over import CarryOver
from repositories.stores import Stores
from workers.audit_standings import standings
from workers.options import address_key
from workers.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Resources:
    settings: Settings
    stores: Stores
    runtime: Runtime
    relays: Mapping[str, SmtpRelay]  #: by name
    mail_hosts: MailHosts | None = None  #: where destinations are told by their mail servers

    @property
    def carry_over(self) -> CarryOver:
        return carry_over(self.settings, self.stores)


def carry_over(settings: Settings, stores: Stores) -> CarryOver:
    return CarryOver(
        records=stores.records,
        contacts=stores.contacts,
        suppressions=stores.suppressions,
        address_key=address_key(settings),
        skip_roles=settings.organisation.skip_role_addresses,
    )


def audit_trail(settings: Settings, stores: Stores) -> AuditTrail:
    return AuditTrail(
        audit=stores.audit,
        campaigns=stores.campaigns,
        syncs=stores.syncs,
        series=stores.series,
        integrations=stores.integrations,
        now=now,
        address_key=address_key(settings),
        standings=standings(stores),
    )


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    """A fresh id, 32 hex digits."""
    return uuid.uuid4().hex
