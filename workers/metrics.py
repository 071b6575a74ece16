"""What a process counts. Names and labels are a contract with dashboards and alarms."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300)


class Metrics:
    """One set per process, in a registry of its own."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.messages = Counter("campaigns_messages", "Messages settled", ["queue", "outcome"], registry=registry)
        self.handler_seconds = Histogram(
            "campaigns_handler_seconds", "Handling, with its follow-ups", ["queue"], buckets=_SECONDS, registry=registry
        )
        self.window_messages = Histogram(
            "campaigns_window_messages",
            "Messages per window",
            ["queue"],
            buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
            registry=registry,
        )
        self.in_hand = Gauge("campaigns_in_hand", "Messages delivered and unsettled", ["queue"], registry=registry)
        self.retries = Counter(
            "campaigns_retries", "Messages put into a wait queue", ["queue", "delay_s"], registry=registry
        )
        self.parked = Counter("campaigns_parked", "Messages parked", ["queue", "reason"], registry=registry)
        self.parked_stored = Gauge(
            "campaigns_parked_messages", "Parked messages that there are", ["queue", "reason"], registry=registry
        )
        self.unheard = Counter(
            "campaigns_unheard", "Feed messages that no queue was bound for", ["type"], registry=registry
        )
        self.feed_marked = Gauge(
            "campaigns_feed_marked", "Documents that changed and are not numbered yet", ["kind"], registry=registry
        )
        self.feed_unpublished = Gauge(
            "campaigns_feed_unpublished", "Entries of the feed that are numbered and not published", registry=registry
        )
        self.feed_oldest = Gauge(
            "campaigns_feed_oldest_unpublished_seconds", "Since the first of these was numbered", registry=registry
        )
        self.feed_replays = Gauge(
            "campaigns_feed_replays_waiting", "Replays of the feed that are not over", registry=registry
        )
        self.webhook_entries = Gauge(
            "campaigns_webhook_entries", "Entries of the feed by what the webhook has of them", ["state"],
            registry=registry,
        )  # fmt: skip
        self.webhook_failing = Gauge(
            "campaigns_webhook_failing_streams", "Streams that wait after a failure", registry=registry
        )
        self.stale = Counter("campaigns_stale", "Settlements that came too late", ["queue"], registry=registry)
        self.confirm_seconds = Histogram(
            "campaigns_confirm_seconds", "Publish to confirm", buckets=_SECONDS, registry=registry
        )
        self.generations = Counter(
            "campaigns_generations", "Connections and channels opened", ["link"], registry=registry
        )
        self.circuit_open = Gauge(
            "campaigns_circuit_open", "1 while nothing is taken because a server is away", ["queue"], registry=registry
        )
        self.longest_in_hand = Gauge(
            "campaigns_longest_handling_seconds",
            "Of the slowest message that is being handled",
            ["queue"],
            registry=registry,
        )
        self.inbound_mails = Counter(
            "campaigns_inbound_mails", "Mails that came in", ["kind", "outcome"], registry=registry
        )
        self.inbound_refused = Counter(
            "campaigns_inbound_refused_recipients", "Recipients of mails that were refused", ["why"], registry=registry
        )
        self.inbound_sessions = Counter(
            "campaigns_inbound_sessions", "Connections to the inbound mail server", ["met"], registry=registry
        )
        self.web_seconds = Histogram(
            "campaigns_web_seconds",
            "Requests answered; status 0: the client left first",
            ["route", "method", "status"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.web_unrecorded = Counter(
            "campaigns_web_unrecorded_clicks", "Clicks that led on and are in no ledger", registry=registry
        )
        self.web_webhooks = Counter(
            "campaigns_web_webhook_events", "What mail providers told", ["provider", "outcome"], registry=registry
        )
        self.web_gateway = Counter(
            "campaigns_web_gateway_events", "Events posted, and requests refused", ["outcome"], registry=registry
        )
        self.loop_age = Gauge("campaigns_loop_age_seconds", "Since the event loop last ran", registry=registry)
