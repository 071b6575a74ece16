"""Somebody has another member status in a campaign (R49). Several changes in a second may be told as one."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime

from messages.numbered import Numbered


class MemberStatusChanged(Numbered):
    queue: ClassVar[str] = "member-status-changed"

    campaign_id: str
    email_id: str
    contact_id: str
    address: str | None = None  #: gone once the person was erased
    record: str | None = None  #: "module:record_id" of the record that was selected
    status: str
    changed_at: AwareDatetime | None = None
