"""Publishing for readers who wait: at once or not at all; and what the settings come to."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from config.http import WebSettings
from config.settings import Settings
from domain.errors import BrokerUnavailable
from handlers.unsubscribe import Way, unsubscribed
from tests.builders import NOW, an_email
from web.ports import Told
from workers.outgoing import Outgoing
from workers.web import WebPublishing, web_options

EVENT = unsubscribed(an_email().id, Way.PAGE, NOW)
TOLD = [Told(EVENT, EVENT.event_id, NOW)]


class Broker:
    """See workers.web.Broker: what it hears is published, or not within any time."""

    def __init__(self, *, is_up: bool = True) -> None:
        self.is_up = is_up
        self.published: list[Outgoing] = []
        self.within_s: float | None = None

    async def publish(self, messages: Sequence[Outgoing], within_s: float | None = None) -> None:
        self.published += messages
        self.within_s = within_s


def publishing(broker: Broker, timeout_s: float = 60) -> WebPublishing:
    return WebPublishing(broker, timeout_s)


async def test_an_event_goes_out_under_its_own_id() -> None:
    broker = Broker()
    await publishing(broker).publish(TOLD)
    [message] = broker.published
    assert (message.routing_key, message.headers["x-msg-id"]) == ("delivery-event", EVENT.event_id)


async def test_while_the_broker_is_away_nobody_waits_for_it() -> None:
    broker = Broker(is_up=False)
    with pytest.raises(BrokerUnavailable, match="away"):
        await publishing(broker).publish(TOLD)
    assert broker.published == []


async def test_nobody_waits_longer_for_a_confirm_than_readers_do() -> None:
    broker = Broker()
    await publishing(broker, timeout_s=3).publish(TOLD)
    assert broker.within_s == 3


@pytest.mark.parametrize(("url", "is_https"), [("https://mail.green.example", True), ("http://localhost:8081", False)])
def test_browsers_are_told_to_keep_to_https_only_where_we_have_it(url: str, is_https: bool) -> None:
    options = web_options(Settings(web=WebSettings(public_url=url, hosts="Mail.Green.example")))
    assert (options.is_https, options.hosts) == (is_https, {"mail.green.example"})
