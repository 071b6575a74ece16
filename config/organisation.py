"""Whose mails these are."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from config.group import Group


class EditionName(StrEnum):
    STANDARD = "standard"
    PROFESSIONAL = "professional"
    ENTERPRISE = "enterprise"
    ULTIMATE = "ultimate"


class TrackedPeople(StrEnum):
    ALL = "all"
    CONSENT = "consent"
    AGGREGATE = "aggregate"
    OFF = "off"


class OrganisationSettings(Group):
    """Who sends. Name and postal address stand in the footer of every email (R37); no send without them (R38)."""

    name: str = Field("", description="company name")
    postal_address: str = Field("", description="postal address, one line")
    support_contact: str = Field("", description="whom people ask when a campaign was stopped or cancelled (R75)")
    edition: EditionName = Field(
        EditionName.ENTERPRISE, description="campaigns from the CRM need enterprise or above (R6)"
    )
    skip_role_addresses: bool = Field(False, description="keep info@, sales@ and the like off synced lists (D5)")
    gdpr: bool = Field(False, description="ask for a lawful basis on every campaign (R53)")
    member_statuses: list[Annotated[str, Field(pattern=r"^[^\s,][^\r\n,]{0,99}$")]] = Field(
        default_factory=list, description='campaign member statuses of your own (R49), as JSON: ["Registered"]'
    )
    tracking: TrackedPeople = Field(
        TrackedPeople.CONSENT,
        description="whose opens and clicks are told of them (D12): consent (who agreed to that), all (who did not "
        "refuse), aggregate (nobody's: they are only counted per campaign), or off; asked when a mail is written, and "
        "again when it is opened",
    )
    time_zone: str = Field("UTC", description="time zone of people whose own is not known, such as Europe/Berlin (D7)")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, text: str) -> str:
        try:
            return ZoneInfo(text).key
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("no time zone of the IANA database; write one such as Europe/Berlin, or UTC") from error
