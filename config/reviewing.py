"""What a review looks at, and what it may fetch."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

from pydantic import Field, field_validator

from config.group import HOST_NAME, Group


class AssetSettings(Group):
    """Links, images and videos of a content are looked at when it is reviewed, and again before it is sent (R76)."""

    check: bool = Field(
        True,
        description="at the review, and again before sending: a deleted video cancels the campaign, a dead link or "
        "image, or one that has changed, keeps it from being sent",
    )
    allow_networks: str = Field(
        "",
        description="networks of your own that may be asked, separated by blanks, as 10.1.0.0/16; "
        "no other private address ever is",
    )
    timeout_s: float = Field(5, gt=0, description="how long one may take; what does not answer stops nothing")

    @field_validator("allow_networks")
    @classmethod
    def _networks(cls, given: str) -> str:
        for each in given.split():
            ip_network(each)
        return given


class ReviewSettings(Group):
    """What a review checks, and who has to agree."""

    policy: Path | None = Field(
        None, description="TOML file with what is stricter or laxer than the default: domain/review_policy.toml"
    )
    spamd_host: str | None = Field(
        None, pattern=HOST_NAME, description="host of SpamAssassin's spamd; empty: our own lint alone judges a content"
    )
    spamd_port: int = Field(783, ge=1, le=65535, description="port of spamd")
    spamd_timeout_s: float = Field(10, gt=0, le=120, description="how long spamd may take for one email")
    sender_dns: bool = Field(True, description="look SPF, DKIM and DMARC of the sender's domain up in DNS")
    four_eyes: bool = Field(
        False,
        description="a reviewed campaign is sent only when somebody other than its author has approved it: "
        "`campaigns campaign approve`",
    )
