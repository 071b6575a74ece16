"""How long what is kept of people is kept."""

from __future__ import annotations

from pydantic import Field

from config.group import Group


class RetentionSettings(Group):
    """How long things are kept, in days; 0 is for ever (docs/privacy.md)."""

    events_days: float = Field(
        180, ge=0, description="the words of bounces, complaints and replies, and the browsers of clicks; numbers stay"
    )
    emails_days: float = Field(
        365, ge=0, description="the words in which mail servers answered; the ledger and its numbers stay"
    )
    parked_days: float = Field(
        0, ge=0, description="messages that were given up, with their bodies; they wait for somebody to look"
    )
    unattributed_days: float = Field(30, ge=0, description="mails that came in and led to nobody")
    test_mails_days: float = Field(1, ge=0, description="what came of test mails")
    audit_days: float = Field(1095, ge=0, description="who changed what, receipts of erasures among it")
    sync_runs_days: float = Field(365, ge=0, description="reports of syncs that ended; the last one of each sync stays")
    imports_days: float = Field(365, ge=0, description="how imports ended")
    tick_s: float = Field(5, gt=0, description="how often what is too old is looked for, a few hundred each time")
