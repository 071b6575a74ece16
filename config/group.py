"""What every group of settings has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

HOST_NAME = r"^[A-Za-z0-9._:\[\]-]{1,255}$"  #: a name, or an address


class Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
