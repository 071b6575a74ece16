"""Virtual hosts for tests, made ten at a time: one `rabbitmqctl` costs as much for ten as for one."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

BATCH = 10


@dataclass(slots=True)
class Vhosts:
    """A supply of empty virtual hosts, each handed out once."""

    #: The address of any virtual host of the broker; its user gets all rights on each new one.
    amqp_url: str
    ctl: Callable[..., str]
    fresh: list[str] = field(default_factory=list)
    used: list[str] = field(default_factory=list)

    def take(self) -> str:
        """The address of an empty virtual host."""
        if not self.fresh:
            self.delete_used()
            self.fresh = [f"t-{uuid.uuid4().hex[:12]}" for _ in range(BATCH)]
            self.ctl("eval", _for_each(self.fresh, _creation(urlsplit(self.amqp_url).username or "guest")))
        self.used.append(self.fresh.pop())
        return urlsplit(self.amqp_url)._replace(path=f"/{self.used[-1]}").geturl()

    def delete_used(self) -> None:
        """Deletes those handed out so far; a broker that carries hundreds restarts slowly."""
        if self.used:
            self.ctl("eval", _for_each(self.used, 'rabbit_vhost:delete(V, <<"tests">>)'))
            self.used = []

    def delete_all(self) -> None:
        """Leaves none behind on a broker that is not ours."""
        self.used += self.fresh
        self.fresh = []
        self.delete_used()


def _creation(user: str) -> str:
    everything = ", ".join(['<<".*">>'] * 3)
    return (
        'begin ok = rabbit_vhost:add(V, <<"tests">>), '
        f'rabbit_auth_backend_internal:set_permissions(<<"{user}">>, V, {everything}, <<"tests">>) end'
    )


def _for_each(names: list[str], expression: str) -> str:
    listed = ", ".join(f'<<"{name}">>' for name in names)
    return f"[{expression} || V <- [{listed}]]."
