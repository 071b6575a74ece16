"""What the inbound mail server answers, and when."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from domain.errors import BrokerUnavailable, CampaignsError, StoreUnavailable
from domain.inbound_mail import ArrivedMail
from tests.handlers.inbound_mails import dsn, letter
from tests.handlers.test_inbound_mail import ANN, BOUNCE, DOMAIN, House
from workers.inbound import InboundDesk
from workers.metrics import Metrics
from workers.outgoing import Outgoing


class Broker:
    """Confirms, or does not."""

    def __init__(self, trouble: CampaignsError | None = None) -> None:
        self.trouble = trouble
        self.published: list[Outgoing] = []

    @property
    def is_up(self) -> bool:
        return self.trouble is None

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        if self.trouble:
            raise self.trouble
        self.published += messages


def desk_of(broker: Broker, house: House | None = None) -> InboundDesk:
    metrics = Metrics()
    return InboundDesk((house or House()).reader, broker, metrics.inbound_mails, metrics.inbound_refused)


REPORT = ArrivedMail("", (BOUNCE,), dsn("ann@example.com"))


async def test_250_is_said_when_the_event_is_confirmed() -> None:
    broker = Broker()
    assert (await desk_of(broker).data(REPORT)).startswith("250")
    [published] = broker.published
    assert published.routing_key == "delivery-event"
    assert ANN.id.encode() in published.body


async def test_the_same_mail_twice_is_published_under_the_same_id() -> None:
    broker = Broker()
    desk = desk_of(broker)
    for _ in range(2):
        await desk.data(REPORT)
    assert len({str(message.headers) for message in broker.published}) == 1


async def test_while_the_broker_is_away_mail_is_put_off() -> None:
    desk = desk_of(Broker(BrokerUnavailable("away")))
    assert (await desk.data(REPORT)).startswith("451")
    assert (await desk.closed() or "").startswith("451"), "before the mail is even sent"
    assert await desk_of(Broker()).closed() is None


async def test_what_can_not_be_recorded_is_put_off(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()

    async def away(_: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(house.reports, "add", away)
    forged = ArrivedMail("", (f"postmaster@{DOMAIN}",), dsn("ann@example.com"))
    assert (await desk_of(Broker(), house).data(forged)).startswith("451")


@pytest.mark.parametrize(
    ("address", "code"),
    [
        (BOUNCE, None),
        (f"postmaster@{DOMAIN}", None),
        (f"someone@{DOMAIN}", "550"),
        (f"b+{'a' * 48}@{DOMAIN}", "550"),
        ("ann@elsewhere.example", "554"),
    ],
)
async def test_recipients_are_refused_before_the_mail_comes(address: str, code: str | None) -> None:
    refusal = await desk_of(Broker()).rcpt(address)
    assert (refusal and refusal[:3]) == code


async def test_a_recipient_that_can_not_be_told_now_is_put_off(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()

    async def away(_: object, hint: str) -> frozenset[str]:
        raise StoreUnavailable("away")

    monkeypatch.setattr(type(house.reader.tokens), "campaigns_of", away)
    assert (await desk_of(Broker(), house).rcpt(BOUNCE) or "").startswith("451")


async def test_a_report_that_leads_to_nobody_is_taken_and_a_letter_to_nobody_is_not() -> None:
    broker = Broker()
    desk = desk_of(broker)
    postmaster = (f"postmaster@{DOMAIN}",)
    assert (await desk.data(ArrivedMail("", postmaster, dsn("ann@example.com")))).startswith("250")
    assert (await desk.data(ArrivedMail("ann@example.com", postmaster, letter("Hello?")))).startswith("550")
    assert broker.published == []


async def test_logs_hold_no_address() -> None:
    with capture_logs() as logs:
        await desk_of(Broker()).data(REPORT)
        await desk_of(Broker(BrokerUnavailable("away"))).data(REPORT)
    assert [entry["event"] for entry in logs] == ["inbound_mail", "inbound_mail_put_off"]
    assert "@" not in str(logs)
