"""Webhooks of all providers over a publisher that remembers, without a server."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter
from starlette.applications import Starlette

from domain.errors import BrokerUnavailable, Unavailable
from domain.inbound_addresses import Accepted
from domain.tracking import SigningKey, SigningKeys
from handlers.token_reader import TokenReader
from messages.delivery_event import DeliveryEvent
from tests.web import payloads
from tests.web.asking import Answer, ask
from tests.web.payloads import ADDRESS_KEY, CERTIFICATE_URL, MAILGUN_KEY, NOW, POSTMARK_SECRET, SENDGRID_KEY, TOPIC
from web.email_finder import EmailFinder
from web.ports import Told
from web.providers.mailgun import Mailgun
from web.providers.postmark import Postmark
from web.providers.sendgrid import SendGrid, public_keys
from web.providers.ses import Ses
from web.webhooks import Webhook, routes

KEYS = SigningKeys((SigningKey(0, b"a key that signs links in tests"),))
WINDOW = timedelta(minutes=5)


class MemoryPublishing:
    """Keeps what was confirmed; while it is away nothing is."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.is_away = False

    async def publish(self, told: Sequence[Told]) -> None:
        if self.is_away:
            raise BrokerUnavailable("nobody is there")
        self.told += told

    @property
    def events(self) -> list[DeliveryEvent]:
        return [each.message for each in self.told if isinstance(each.message, DeliveryEvent)]


class KnownCampaigns:
    def __init__(self, *ids: str) -> None:
        self.known = frozenset(ids)

    async def ids(self) -> frozenset[str]:
        return self.known


class FakeAmazon:
    def __init__(self, pem: bytes | None = None) -> None:
        self.pem = pem
        self.read: list[str] = []
        self.confirmed: list[str] = []

    async def certificate(self, url: str) -> bytes:
        self.read.append(url)
        if self.pem is None or url != CERTIFICATE_URL:
            raise Unavailable("Amazon SNS answers 404")
        return self.pem

    async def confirm(self, url: str) -> None:
        self.confirmed.append(url)


class WebhookWorld:
    def __init__(self, *, campaigns: Sequence[str] = ("spring",), pem: bytes | None = None) -> None:
        self.publishing = MemoryPublishing()
        self.amazon = FakeAmazon(pem or payloads.certificate())
        self.counted = Counter("webhooks", "of a test", ["provider", "outcome"], registry=CollectorRegistry())
        self.now = NOW
        self.untracked: set[str] = set()
        finder = EmailFinder(TokenReader(KnownCampaigns(*campaigns), lambda: 0.0), Accepted(KEYS), ADDRESS_KEY)
        providers = (
            Ses(frozenset({TOPIC}), self.amazon, timedelta(hours=1)),
            SendGrid(public_keys(SENDGRID_KEY), WINDOW),
            Mailgun((b"an older key of mailgun", MAILGUN_KEY), WINDOW),
            Postmark((POSTMARK_SECRET,)),
        )
        webhooks = [
            Webhook(each, finder, self.is_tracked, self.publishing, self.counted, lambda: self.now)
            for each in providers
        ]
        self.app = Starlette(routes=routes(webhooks, ("ses", "sendgrid", "mailgun", "postmark", "another")))

    async def post(self, provider: str, body: bytes, headers: dict[str, str] | None = None) -> Answer:
        given = {"content-type": "application/json", **(headers or {})}
        return await ask(self.app, f"/webhooks/{provider}", method="POST", body=body, headers=given)

    async def is_tracked(self, email_id: str) -> bool:
        return email_id not in self.untracked
