"""What can go wrong with the private servers. Each text says what happened and what to type."""

from domain.errors import CampaignsError


class CannotStart(CampaignsError):
    """A private server cannot be installed, started or reached; nothing of it is left running."""


class CannotStop(CampaignsError):
    """A private server is still there after it was killed."""
