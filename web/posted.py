"""A request as a webhook sees it, and how one is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.errors import CampaignsError

UNSIGNED, FORGED = 401, 403


class Refused(CampaignsError):
    """Nothing of a request is believed; the text says why, without anything out of it."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


@dataclass(frozen=True, slots=True)
class Posted:
    headers: Mapping[str, str]  #: names in lower case
    body: bytes
    now: datetime  #: when it came
