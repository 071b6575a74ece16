"""The pages with stores in memory: one campaign with two links, and Ann, who agreed to be tracked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp

from domain.campaign import CampaignStatus
from domain.consent import Consent, ConsentTo
from domain.email import Email, EmailState
from domain.errors import CampaignsError
from domain.lists import Topic
from domain.tracking import Kind, SigningKey, SigningKeys, in_url, token
from domain.tracking_policy import TrackingPolicy
from handlers.contact_changes import ContactChanges
from handlers.delivery_event import DeliveryRecorder
from handlers.gathered import Gathered
from handlers.known_campaigns import KnownCampaigns
from handlers.page_tokens import PageTokens
from handlers.preference_page import PreferencePage
from handlers.reader_trail import ReaderTrail
from handlers.recent_clicks import RecentClicks
from handlers.strike_book import StrikeBook
from handlers.tally import Tally
from handlers.token_reader import TokenReader
from handlers.tracked_readers import TrackedReaders
from handlers.unsubscribe import Unsubscriber
from handlers.visits import Visits
from messages.delivery_event import DeliveryEvent
from tests.builders import ADDRESS_KEY, NOW, a_campaign, a_contact, an_email, later
from tests.fakes.anonymous_visits import MemoryAnonymousVisits
from tests.fakes.audit import MemoryAudit
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.contacts import MemoryContacts
from tests.fakes.emails import MemoryEmails
from tests.fakes.events import MemoryEvents
from tests.fakes.strikes import MemoryStrikes
from tests.fakes.suppressions import MemorySuppressions
from tests.fakes.topics import MemoryTopics
from tests.web.asking import Answer, ask
from web import app
from web.clicks import Clicks
from web.flood import Flood
from web.look import Look
from web.opens import Opens
from web.page import Pages
from web.ports import Told
from web.preferences import PreferencesPage
from web.traffic import Traffic
from web.unsubscribe import Leaving, Unsubscribing

KEYS = SigningKeys((SigningKey(1, b"the newest key of the tests"), SigningKey(0, b"an older key of the tests!")))
YES = Consent(ConsentTo.TRACKING, True, NOW, "form")
HTML = (
    '<p>Hello</p><a href="https://green.example/a?b=1&amp;c=2">A</a> <a href="https://green.example/b">B</a> '
    '<a href="https://green.example/c">C</a> <a href="{{ unsubscribe_url }}">Unsubscribe</a>'
)
ANN = an_email(state=EmailState.SENT, state_at=NOW)


class Broker:
    """Confirms, or does not. See web.ports.Publishing."""

    def __init__(self) -> None:
        self.trouble: CampaignsError | None = None
        self.told: dict[str, DeliveryEvent] = {}

    async def publish(self, told: Sequence[Told]) -> None:
        if self.trouble:
            raise self.trouble
        self.told |= {each.id: each.message for each in told if isinstance(each.message, DeliveryEvent)}

    @property
    def events(self) -> list[DeliveryEvent]:
        return list(self.told.values())

    @property
    def only(self) -> DeliveryEvent:
        [event] = self.events
        return event


class House:
    def __init__(
        self,
        policy: TrackingPolicy = TrackingPolicy.CONSENT,
        look: Look | None = None,
        options: app.WebOptions | None = None,
        burst: int = 1000,
    ) -> None:
        campaign = a_campaign(status=CampaignStatus.SENT, status_at=NOW)
        campaign = replace(campaign, content=replace(campaign.content, html=HTML))
        self.now: datetime = later(3600)
        self.clock_s = 1000.0
        self.broker = Broker()
        self.campaigns = MemoryCampaigns(campaign, a_campaign("autumn"))
        self.contacts = MemoryContacts(a_contact(consents=(YES,)))
        self.emails = MemoryEmails(ANN)
        self.events, self.suppressions = MemoryEvents(), MemorySuppressions()
        self.anonymous = MemoryAnonymousVisits()
        self.audit = MemoryAudit()
        self.topics = MemoryTopics(Topic("offers", "Offers"), Topic("events", "Events & <more>"))
        self.registry = CollectorRegistry()
        self.unrecorded = Counter("unrecorded", "…", registry=self.registry)
        self.seconds = Histogram("seconds", "…", ["route", "method", "status"], registry=self.registry)
        self.app = self._app(policy, look or Look("Green Ltd", "1 Green Street"), options, burst)

    def _app(self, policy: TrackingPolicy, look: Look, options: app.WebOptions | None, burst: int) -> ASGIApp:
        pages, changes = Pages(look), ContactChanges(self.contacts)
        self.tokens = PageTokens(TokenReader(self.campaigns, iter(range(0, 10**6, 10)).__next__), KEYS)
        recorder = DeliveryRecorder(
            self.emails,
            self.events,
            self.suppressions,
            self.contacts,
            StrikeBook(MemoryStrikes(), self.emails),
            ADDRESS_KEY,
            self.campaigns,
        )
        self.visits = Visits(
            self.tokens,
            KnownCampaigns(self.campaigns, lambda: self.clock_s),
            self.emails,
            TrackedReaders(Gathered(self.contacts.tracking), policy),
            RecentClicks(lambda: self.clock_s),
            Tally(self.anonymous),
            lambda: self.now,
        )
        noting = ReaderTrail(self.audit)
        leaving = Leaving(Unsubscriber(self.suppressions, changes, recorder, noting), self.broker, lambda: self.now)
        page = PreferencePage(self.contacts, self.suppressions, self.topics, changes, lambda: self.now, noting)
        routes = [
            *pages.routes(),
            *Unsubscribing(self.tokens, leaving, pages).routes(),
            *PreferencesPage(self.tokens, page, leaving, pages, policy).routes(),
        ]
        straight = {
            **Opens(self.visits, self.broker).straight(),
            **Clicks(self.visits, self.broker, self.unrecorded).straight(),
        }
        flood = Flood(1, burst, lambda: self.clock_s)
        return app.build(
            routes, options or app.WebOptions(), flood, Traffic(self.seconds), pages.error, straight=straight
        )

    async def get(self, path: str, **given: str) -> Answer:
        return await ask(self.app, path, headers=given)

    async def post(self, path: str, body: bytes = b"", **given: str) -> Answer:
        headers: Mapping[str, str] = {"content-type": "application/x-www-form-urlencoded", **given}
        return await ask(self.app, path, method="POST", body=body, headers=headers)


def path(kind: Kind, email: Email = ANN, keys: SigningKeys = KEYS, link: int = 0) -> str:
    """The page of this kind for the email."""
    text = in_url(token(kind, email.id, keys))
    shapes = {
        Kind.OPEN: f"/o/{text}.gif",
        Kind.CLICK: f"/c/{text}/{link}",
        Kind.UNSUBSCRIBE: f"/u/{text}",
        Kind.PREFERENCES: f"/p/{text}",
    }
    return shapes[kind]
