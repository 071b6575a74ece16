"""What a review asks of the outside."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from domain.assets import Fetched
from domain.dns_texts import Texts
from domain.spam_verdict import EngineAway, SpamVerdict


class Assets(Protocol):
    async def fetch(self, urls: Collection[str]) -> Mapping[str, Fetched]:
        """How each URL answers now, within seconds for all of them. Never raises: whatever goes wrong is an answer."""


class SpamEngine(Protocol):
    async def judge(self, mail: bytes) -> SpamVerdict | EngineAway:
        """What it says of one whole email, within seconds. Never raises: no verdict is an answer."""


class SenderDns(Protocol):
    async def texts(self, names: Collection[str]) -> Mapping[str, Texts]:
        """The TXT records of each name, ascending: DNS has no order. Never raises: no answer is an answer."""
