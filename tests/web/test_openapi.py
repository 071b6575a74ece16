"""The OpenAPI document and the page made of it."""

from __future__ import annotations

import base64
import json
import re
from hashlib import sha256

from starlette.applications import Starlette

from messages.catalog import INCOMING
from messages.envelope import type_of
from tests.web.asking import ask
from tests.web.payloads import NOW
from web.openapi import document, event_name
from web.openapi_page import _EXAMPLE, Described, page_of
from web.posted_events import judged

DOCUMENT = document("1.2.3", "https://mail.green.example")
SCHEMAS = DOCUMENT["components"]["schemas"]


def test_every_incoming_type_is_described_and_every_reference_leads_somewhere() -> None:
    text = json.dumps(DOCUMENT)
    assert "#/$defs/" not in text
    refs = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert refs <= set(SCHEMAS)
    mapping = SCHEMAS["Event"]["discriminator"]["mapping"]
    assert list(mapping) == [type_of(model) for model in INCOMING.values()]
    for model in INCOMING.values():
        event = SCHEMAS[event_name(model)]
        assert event["properties"]["type"] == {"const": type_of(model)}
        assert event["required"] == ["specversion", "id", "source", "type", "data"]
        assert set(SCHEMAS[model.__name__]["properties"]) == set(model.model_fields)


def test_the_example_on_the_page_is_a_good_event() -> None:
    found = judged([_EXAMPLE], NOW, may_be_large=False)
    assert (len(found.told), found.errors) == (1, [])


def test_the_page_names_every_type_and_field_and_loads_nothing() -> None:
    page = page_of(DOCUMENT)
    for model in INCOMING.values():
        assert type_of(model) in page
        assert all(f"<code>{name}</code>" in page for name in model.model_fields)
    assert not re.search(r"<(script|link|img|iframe|object)|src=|@import|url\(", page)
    assert re.findall(r'href="([^"]+)"', page) == ["openapi.json"], "relative: a proxy may serve us below a path"


def test_the_page_has_one_main_part_and_what_scrolls_can_be_reached_by_keyboard() -> None:
    page = page_of(DOCUMENT)
    assert re.fullmatch(r".*<body><main>.*</main></body></html>", page, re.DOTALL)
    assert page.count('<div class="wide"') == page.count('<div class="wide" tabindex="0">') > 0
    assert "pre-wrap" in page, "examples do not scroll"


async def test_both_are_served_and_the_style_is_allowed_by_its_hash() -> None:
    app = Starlette(routes=Described(DOCUMENT).routes())
    told = await ask(app, "/openapi.json")
    assert (told.status, json.loads(told.text)) == (200, DOCUMENT)
    page = await ask(app, "/docs")
    [style] = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    allowed = base64.b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{allowed}'" in page.headers["content-security-policy"]
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
