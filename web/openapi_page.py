"""The OpenAPI document as a page to read: one file, no script, nothing loaded from anywhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; }
h2, h3 { margin-top: 2rem; } code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
pre { border: 1px solid #8888; border-radius: .4rem; overflow-wrap: anywhere; padding: .8rem; white-space: pre-wrap; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8884; padding: .3rem .6rem .3rem 0; text-align: left; vertical-align: top; }
summary { cursor: pointer; font-weight: 600; padding: .4rem 0; overflow-wrap: anywhere; }
"""
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_REF = "#/components/schemas/"
_EXAMPLE = {
    "specversion": "1.0",
    "type": "campaigns.record-changed.v1",
    "source": "/crm",
    "id": "8b1f4c",
    "time": "2026-03-02T09:00:00Z",
    "data": {
        "module": "Leads",
        "record_id": "4711",
        "operation": "update",
        "fields": {"Email": "ann@example.com"},
        "changed_at": "2026-03-02T09:00:00Z",
    },
}


@dataclass(frozen=True, slots=True)
class Described:
    """Serves the document, and the page made of it; both are made once."""

    document: Mapping[str, Any]

    def routes(self) -> list[Route]:
        text, page = json.dumps(self.document), page_of(self.document)

        async def openapi(request: Request) -> Response:
            return Response(text, media_type="application/json")

        async def docs(request: Request) -> Response:
            return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})

        return [Route("/openapi.json", openapi), Route("/docs", docs)]


def page_of(document: Mapping[str, Any]) -> str:
    """The whole page."""
    info, schemas = document["info"], document["components"]["schemas"]
    [(path, operations)] = document["paths"].items()
    operation = operations["post"]
    title = escape(info["title"])
    parts = [
        f"<h1>{title}</h1><p>{escape(info['description'])}</p>",
        f'<p>The same for programs: <a href="openapi.json">/openapi.json</a> (OpenAPI {document["openapi"]}).</p>',
        f"<h2><code>POST {escape(path)}</code></h2><p>{escape(operation['summary'])}.</p>",
        f"<pre>{escape(_curl(document['servers'][0]['url'], path))}</pre>",
        "<h3>Content types</h3>" + _table(("content type", "body"), _bodies(operation)),
        "<h3>Answers</h3>" + _table(("status", "meaning"), _answers(operation)),
        "<h2>Events</h2>",
        *[_event(schemas, each["$ref"].removeprefix(_REF)) for each in schemas["Event"]["oneOf"]],
    ]
    body = f"<main>{''.join(parts)}</main>"
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    return f'<!doctype html><html lang="en"><head>{head}<style>{_STYLE}</style></head><body>{body}</body></html>'


def _curl(url: str, path: str) -> str:
    body = json.dumps(_EXAMPLE, indent=2)
    return (
        f"curl -X POST {url}{path} \\\n  -H 'Authorization: Bearer TOKEN' \\\n"
        f"  -H 'Content-Type: application/cloudevents+json' \\\n  -d '{body}'"
    )


def _bodies(operation: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for content_type, told in operation["requestBody"]["content"].items():
        schema = told["schema"]
        words = "one event" if "$ref" in schema else schema.get("description", "a list of events")
        yield f"<code>{escape(content_type)}</code>", escape(words)


def _answers(operation: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for status, told in operation["responses"].items():
        yield f"<code>{status}</code>", escape(told["description"])


def _event(schemas: Mapping[str, Any], name: str) -> str:
    """An event's own data, and below it what those refer to."""
    event = schemas[name]
    data = event["properties"]["data"]["$ref"].removeprefix(_REF)
    about = f"<p>{escape(event['description'])}</p><p>{escape(schemas[data].get('description', ''))}</p>"
    tables = "".join(_fields(schemas, each) for each in _reached(schemas, data))
    return f"<details><summary>{escape(event['properties']['type']['const'])}</summary>{about}{tables}</details>"


def _reached(schemas: Mapping[str, Any], first: str) -> list[str]:
    """The schema and all that it leads to, each once."""
    found, waiting = list[str](), [first]
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found.append(name)
            waiting += _refs(schemas[name])
    return found


def _refs(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"].removeprefix(_REF)] if isinstance(value.get("$ref"), str) else []
        return own + [name for each in value.values() for name in _refs(each)]
    return [name for each in value for name in _refs(each)] if isinstance(value, list) else []


def _fields(schemas: Mapping[str, Any], name: str) -> str:
    schema = schemas[name]
    if "properties" not in schema:
        return f"<h3>{escape(name)}</h3><p>{escape(_kind(schema))}</p>"
    required = schema.get("required", ())
    rows = [
        (f"<code>{escape(field)}</code>", escape(_kind(told)), "yes" if field in required else "")
        for field, told in schema["properties"].items()
    ]
    return f"<h3>{escape(name)}</h3>" + _table(("field", "value", "needed"), rows)


def _kind(told: Mapping[str, Any]) -> str:
    """What a field holds, in a few words."""
    if "$ref" in told:
        return str(told["$ref"]).removeprefix(_REF)
    if choices := told.get("anyOf") or told.get("oneOf"):
        return " or ".join(_kind(each) for each in choices)
    if "enum" in told or "const" in told:
        return ", ".join(map(str, told.get("enum") or [told["const"]]))
    if told.get("type") == "array":
        return f"list of {_kind(told.get('items', {}))}"
    limits = [f"{words} {told[name]}" for name, words in _LIMITS.items() if name in told]
    return ", ".join([told.get("format") or told.get("type") or "anything", *limits])


_LIMITS: Mapping[str, str] = {
    "minLength": "at least", "maxLength": "at most", "minimum": "from", "maximum": "to", "pattern": "like",
}  # fmt: skip


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Cells are HTML already."""
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    cell: Callable[[str], str] = "<td>{}</td>".format
    body = "".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in rows)
    return f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
