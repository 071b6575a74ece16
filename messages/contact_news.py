"""What the messages of the stream `contacts` say."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from messages.numbered import Numbered


class ContactNews(Numbered):
    """About everything that one address stands for; a CRM finds its own records in `records`."""

    contact_id: str
    address: str | None = None  #: gone once the person was erased
    records: list[str] = Field(default_factory=list)  #: "module:record_id" of every record with this address
    happened_at: AwareDatetime
    because: str = ""  #: where the word came from; without an address
