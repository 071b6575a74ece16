"""How fast, how often, and what becomes of doubts."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from config.group import Group


class InDoubt(StrEnum):
    HOLD = "hold"
    RESEND = "resend"


class SendingSettings(Group):
    """Pace and patience of the send workers."""

    claim_window: int = Field(
        200,
        ge=1,
        le=5000,
        description="emails that a worker may hold without a recorded outcome: the most a kill leaves in doubt",
    )
    lease_s: float = Field(60, ge=3, description="a worker that is silent for this long has lost what it held")
    chains: int = Field(
        32,
        ge=1,
        le=1000,
        description="batches of a campaign under way at once; fewer where relays are limited: campaigns take turns",
    )
    retry_delays_s: list[float] = Field(
        [900, 1800, 3600, 7200, 14400, 28800, 43200],
        description="how long a soft-bounced email waits, try by try; the last repeats",
    )
    give_up_s: float = Field(72 * 3600, gt=0, description="after this long it ends as soft bounced (R94)")
    stall_s: float = Field(
        60, gt=0, description="a campaign that has not moved for this long is offered to the workers again"
    )
    tick_s: float = Field(1, gt=0, description="how often the scheduler looks")
    in_doubt: InDoubt = Field(
        InDoubt.HOLD,
        description="emails of which nobody knows whether they went out: hold (nobody twice, some perhaps not at all), "
        "or resend (sent once more: some perhaps twice)",
    )
    resend_after_s: float = Field(
        3600, gt=0, description="with resend: how long a bounce, an open or a person has to settle a doubt first"
    )


class GroupLimit(Group):
    """What one destination group is sent, by all workers together."""

    per_s: float | None = Field(None, gt=0, description="mails per second")


class GroupName(StrEnum):
    GOOGLE = "google"
    OUTLOOK = "outlook"
    YAHOO = "yahoo"
    APPLE = "apple"
    OTHER = "other"


class ThrottleSettings(Group):
    """How fast all workers together send; `campaigns throttle set` changes it while they run."""

    relay_per_s: float | None = Field(
        None, gt=0, description="mails per second through each relay; empty: as many as it takes"
    )
    relay_connections: int | None = Field(
        None,
        ge=1,
        description="connections to each relay, all workers together; empty: CAMPAIGNS_SMTP__MAX_CONNECTIONS of each",
    )
    groups: dict[GroupName, GroupLimit] = Field(
        {},
        description='limits by destination: google, outlook, yahoo, apple, other, as {"google": {"per_s": 20}}',
        examples=[{"google": {"per_s": 20}}],
    )
    mx_groups: bool = Field(
        False,
        description="tell the destination of a company's own domain by its mail servers (MX), looked up in DNS beside "
        "the sending; off: by the domain alone",
    )
    warm_up: bool = Field(False, description="warm new sending domains up: so many mails a day, and more every day")
    warm_up_caps: list[Annotated[int, Field(ge=1)]] = Field(
        [50, 100, 250, 500, 1000, 2500, 5000, 7500, 10000, 15000, 20000],
        description="mails on the first, second, … day on which a domain sends; then it is warm",
    )
    patience_s: float = Field(
        20, gt=0, description="how long a batch waits for a slow destination, before it is put off and others go first"
    )
    put_off_s: float = Field(60, gt=0, description="for how long, give or take a half")
