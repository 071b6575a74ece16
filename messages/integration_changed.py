"""The CRM and this deployment part, or come together again."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from domain.integration import IntegrationChange
from messages.base import Message


class IntegrationChanged(Message):
    """Leaving has to be confirmed: `confirmation` is the organisation's name (R96-R101).

    The same request again changes nothing, not even after the integration was changed otherwise: `request_id` is
    remembered. Leave it out; it is the event's source and id then.
    """

    queue: ClassVar[str] = "integration-changed"
    identity: ClassVar[str] = "request_id"

    change: IntegrationChange
    confirmed_by: str = Field(min_length=1, max_length=200)  #: who answers for it
    confirmation: str = Field("", max_length=500)  #: the organisation's name; not needed to activate
    request_id: str | None = Field(None, min_length=1, max_length=800)  #: equal for repeats of one request
