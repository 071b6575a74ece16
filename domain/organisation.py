"""The organisation that one deployment serves: what its campaigns say about it, and what it may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.inbound_addresses import Purpose
from domain.tracking_policy import TrackingPolicy


class Edition(StrEnum):
    """What the organisation has bought, in ascending order (R5, R6)."""

    STANDARD = "standard"
    PROFESSIONAL = "professional"
    ENTERPRISE = "enterprise"
    ULTIMATE = "ultimate"


_CREATES_FROM_CRM = frozenset({Edition.ENTERPRISE, Edition.ULTIMATE})


@dataclass(frozen=True, slots=True)
class Organisation:
    """Asked for once; name and postal address stand in the footer of every email (R37)."""

    name: str = ""
    postal_address: str = ""  #: one line
    edition: Edition = Edition.ENTERPRISE
    gdpr: bool = False  #: whether a campaign needs a lawful basis (R53)
    public_url: str = "http://localhost:8081"  #: where readers reach our pages, without a slash at the end
    bounce_domain: str | None = None  #: receives bounces and unsubscribe mails; None: the sender's own domain
    answers: frozenset[Purpose] = frozenset()  #: for what mails carry signed addresses, beside bounces and ways out
    four_eyes: bool = False  #: whether somebody other than its author has to approve a campaign before it is sent
    support_contact: str = ""  #: who helps with a stopped campaign (R75)
    member_statuses: tuple[str, ...] = ()  #: its own, beside those that every organisation has (R49)
    tracking: TrackingPolicy = TrackingPolicy.CONSENT  #: whose opens and clicks are told of them (D12)
    time_zone: str = "UTC"  #: of people whose own is not known, by a name of the IANA database (D7)

    @property
    def creates_from_crm(self) -> bool:
        """Whether campaigns may be created and sent from the CRM (R6)."""
        return self.edition in _CREATES_FROM_CRM

    @property
    def missing(self) -> list[str]:
        """The company details that are not there; with any missing nothing is sent (R38)."""
        details = {"name": self.name, "postal address": self.postal_address}
        return [detail for detail, text in details.items() if not text.strip()]
