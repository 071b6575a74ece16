"""Which throttles a recipient's domain passes where mail servers are looked up: who runs them counts, not the name."""

from __future__ import annotations

from dataclasses import dataclass

from domain.destinations import DestinationGroup, group_of, group_of_hosts, throttles_of
from handlers.ports.sending import MailServers


@dataclass(frozen=True, slots=True)
class DestinationGroups:
    servers: MailServers

    def __call__(self, domain: str) -> tuple[str, ...]:
        """A domain whose mail servers are not known yet counts for itself."""
        group = group_of(domain)
        if group is DestinationGroup.OTHER and (hosts := self.servers.of(domain)):
            group = group_of_hosts(hosts)
        return throttles_of(domain, group)
