"""What other systems post to the web process: webhooks of mail providers, and the event gateway."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from importlib.metadata import version

from pydantic import SecretStr
from starlette.routing import BaseRoute

from config.settings import Settings
from domain.api_token import ApiToken
from domain.inbound_addresses import Accepted
from gateways.sns import SnsServers
from handlers.gathered import Gathered
from handlers.token_reader import TokenReader
from handlers.tracked_readers import TrackedReaders
from web import event_gateway, webhooks
from web.allowance import Allowance
from web.app import Guard
from web.bearer import Bearers
from web.email_finder import EmailFinder
from web.event_gateway import EventGateway, Note
from web.flood import Flood
from web.openapi import document
from web.openapi_page import Described
from web.ports import Publishing, Told
from web.providers import mailgun, postmark, sendgrid, ses
from web.webhooks import Provider, Webhook
from workers.options import address_key, organisation, signing_keys
from workers.resources import Resources, audit_trail, now

#: What may be posted beyond the limit of other pages, in bytes, by what the path begins with.
LARGER_BODIES = {webhooks.PATH: webhooks.MOST_BYTES, event_gateway.PATH: event_gateway.MOST_BYTES}
_KNOWN = (ses.NAME, sendgrid.NAME, mailgun.NAME, postmark.NAME)
_TRIES_PER_S, _TRIES_AT_ONCE = 1, 20  #: tokens of one address that have to be looked up
_REFUSED_PER_S, _REFUSED_AT_ONCE = 5, 100  #: requests of one address


def webhook_routes(resources: Resources, publishing: Publishing) -> Sequence[BaseRoute]:
    """
    Raises:
        InvalidDefinition: a key of SendGrid's is none.
    """
    settings, stores, counted = resources.settings, resources.stores, resources.runtime.metrics.web_webhooks
    accepted = Accepted(signing_keys(settings), settings.keys.recent_tokens)
    finder = EmailFinder(TokenReader(stores.campaigns, time.monotonic), accepted, address_key(settings))
    tracked = TrackedReaders(Gathered(stores.contacts.tracking), organisation(settings).tracking)
    answering = [Webhook(each, finder, tracked, publishing, counted, now) for each in _providers(settings)]
    return webhooks.routes(answering, _KNOWN)


def _providers(settings: Settings) -> list[Provider]:
    """Those that are set up."""
    given = settings.webhooks
    window, sns_window = timedelta(seconds=given.window_s), timedelta(seconds=given.sns_window_s)
    topics, keys = frozenset(given.ses_topics.split()), sendgrid.public_keys(given.sendgrid_keys)
    signing, secrets = _secrets(given.mailgun_keys), _secrets(given.postmark_secrets)
    return [
        *([ses.Ses(topics, SnsServers(), sns_window)] if topics else []),
        *([sendgrid.SendGrid(keys, window)] if keys else []),
        *([mailgun.Mailgun(signing, window)] if signing else []),
        *([postmark.Postmark(secrets)] if secrets else []),
    ]


def _secrets(given: SecretStr | None) -> tuple[bytes, ...]:
    return tuple(each.encode() for each in given.get_secret_value().split()) if given else ()


def _noting(resources: Resources) -> Note:
    trail = audit_trail(resources.settings, resources.stores)

    async def note(token: ApiToken, told: Sequence[Told]) -> None:
        for each in told:
            await trail.posted(each.message, source=each.source, event_id=each.id, token=token.name)

    return note


def gateway(resources: Resources, publishing: Publishing) -> EventGateway:
    given = resources.settings.gateway
    tries = Flood(_TRIES_PER_S, _TRIES_AT_ONCE, time.monotonic)
    return EventGateway(
        bearers=Bearers(resources.stores.api_tokens, tries, time.monotonic),
        allowance=Allowance(given.per_s, given.at_once, time.monotonic),
        publisher=publishing,
        counted=resources.runtime.metrics.web_gateway,
        now=now,
        most_events=given.batch_events,
        note=_noting(resources),
    )


def guard(answering: EventGateway) -> Guard:
    """What is not counted as pages are: a token is in the headers, who signed a webhook is known by its body."""
    refused = Flood(_REFUSED_PER_S, _REFUSED_AT_ONCE, time.monotonic)
    return Guard({webhooks.PATH: None, event_gateway.PATH: answering.door}, refused)


def gateway_routes(answering: EventGateway, url: str) -> Sequence[BaseRoute]:
    described = Described(document(version("crm-campaigns"), url))
    return [*event_gateway.routes(answering), *described.routes()]
