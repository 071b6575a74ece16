"""`campaigns publish`: puts one message, or many, on RabbitMQ as an upstream system would."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from cli import context
from cli.output import Json, out, print_json
from domain.errors import InvalidMessage
from messages.base import Message
from messages.catalog import INCOMING
from messages.envelope import in_words, type_of, unpack


def register(app: typer.Typer) -> None:
    app.command()(publish)


def publish(
    type_: Annotated[str, typer.Argument(metavar="TYPE", help=f"One of: {', '.join(INCOMING)}.")],
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="JSON: the data, or a whole CloudEvent; - is stdin.")],
    as_json: Json = False,
) -> None:
    """Publish messages: one JSON object, or one per line (JSON Lines). All are checked before any is published."""
    text = sys.stdin.read() if file == "-" else Path(file).read_text()
    messages = [_message(type_, entry, number) for number, entry in enumerate(_objects(text), 1)]
    ids = asyncio.run(context.publish(context.settings(), messages))
    if as_json:
        print_json({"type": type_, "ids": ids})
        return
    out.print(f"{len(ids)} {type_} published and confirmed by RabbitMQ.")


def _objects(text: str) -> list[dict[str, Any]]:
    try:
        return [json.loads(text)]
    except json.JSONDecodeError as whole:
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            return [json.loads(line) for line in lines]
        except json.JSONDecodeError:
            raise InvalidMessage(f"not JSON, and not JSON Lines either: {whole}") from whole


def _message(type_: str, entry: dict[str, Any], number: int) -> Message:
    model = INCOMING.get(type_)
    if model is None:
        raise InvalidMessage(f"type: {type_!r} is none of {', '.join(INCOMING)}")
    try:
        if isinstance(entry, dict) and entry.get("type") == type_of(model):
            return unpack(json.dumps(entry).encode(), model)[1]
        return model.model_validate(entry)
    except ValidationError as error:
        raise InvalidMessage(f"message {number}: {in_words(error)}") from error
