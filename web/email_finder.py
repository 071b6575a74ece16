"""Which email a provider means: by the mark that the mail carried, its Message-ID, or the token in its sender."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parseaddr

from domain.contact import address, contact_id
from domain.email import email_id, email_of_message_id
from domain.errors import Incomplete
from domain.inbound_addresses import Accepted, parsed
from handlers.token_reader import TokenReader
from web.providers.report import Named

_EMAIL_ID = re.compile(r"([^:\s]{1,40}):[0-9a-f]{32}:\d{1,5}")


@dataclass(frozen=True, slots=True)
class EmailFinder:
    tokens: TokenReader
    accepted: Accepted
    address_key: bytes

    async def __call__(self, named: Named) -> str | None:
        """The id of the email; None: it is none of ours, an account may send other mail as well.

        Raises:
            Incomplete: only a token says it, of a campaign that may be new; a moment later it is certain.
            StoreUnavailable: it is of a campaign that is not known yet, and MongoDB does not answer.
        """
        for candidate in (named.mark, email_of_message_id(named.message_id or ""), self._by_address(named)):
            if candidate and await self._is_ours(candidate):
                return candidate
        return await self._by_token(named.sender or "")

    def _by_address(self, named: Named) -> str | None:
        person = address(named.address or "") if named.campaign_id else None
        if person is None or named.campaign_id is None:
            return None
        return email_id(named.campaign_id, contact_id(person.identity, self.address_key))

    async def _is_ours(self, candidate: str) -> bool:
        """Whether there is such a campaign. Where nobody knows yet it counts: the recorder parks what is none."""
        shape = _EMAIL_ID.fullmatch(candidate)
        try:
            return shape is not None and await self.tokens.exists(shape[1])
        except Incomplete:
            return True

    async def _by_token(self, sender: str) -> str | None:
        given = parsed(parseaddr(sender)[1])
        if given is None or given.hint is None:
            return None
        return self.accepted.email_of(given, await self.tokens.campaigns_of(given.hint))
