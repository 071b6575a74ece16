"""What every message on RabbitMQ has in common."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

IN = "campaigns.in"  #: topic exchange of everything that workers consume
FEED = "campaigns.feed"  #: topic exchange of everything that others may follow


class Message(BaseModel):
    """The `data` of one CloudEvent. Frozen; unknown fields are ignored, so that publishers may add some first."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    #: The message type: routing key, queue name, and `campaigns.<queue>.v1` as CloudEvents type.
    queue: ClassVar[str]
    exchange: ClassVar[str] = IN
    #: The fields that say when something happened: not in the future.
    happened: ClassVar[tuple[str, ...]] = ()
    #: The field that says when it was said, where publishers leave it out: it is the event's own time then.
    dated: ClassVar[str] = ""
    #: The field that has the event's own identity, where publishers leave it out: a repeat is recognised by it.
    identity: ClassVar[str] = ""

    @property
    def lane(self) -> str:
        """The routing key of this one message; the message type unless it is urgent."""
        return self.queue


class FeedMessage(Message):
    """Published for others. Nobody has to listen: it is not mandatory that a queue is bound."""

    exchange: ClassVar[str] = FEED
