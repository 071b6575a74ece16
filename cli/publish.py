"""`campaigns publish`: puts one message, or many, on RabbitMQ as an upstream system would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from cli import audit_trail, context
from cli.files import read_text, readable
from cli.output import Json, counted, print_json, tell
from config.settings import Settings
from domain.errors import InvalidMessage
from handlers.audit import about
from messages.base import Message
from messages.catalog import INCOMING
from messages.envelope import in_words, strict_json, unpack
from messages.record_changed import RecordChanged
from messages.zoho_notification import ZohoEvent, parse_zoho, zoho_events
from workers.resources import new_id, now


class Upstream(StrEnum):
    """Systems whose own notifications are understood."""

    ZOHO = "zoho"


def register(app: typer.Typer) -> None:
    app.command()(publish)


def known_type(text: str) -> str:
    """
    Raises:
        typer.BadParameter: nothing of this type is consumed.
    """
    if text not in INCOMING:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(INCOMING)}")
    return text


def publish(
    type_: Annotated[
        str, typer.Argument(metavar="TYPE", help=f"One of: {', '.join(INCOMING)}. Left out with --from.")
    ],
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE|-",
            help="JSON: the data, or a whole CloudEvent, or one of these per line; - is standard input.",
        ),
    ] = None,
    from_: Annotated[
        Upstream | None, typer.Option("--from", help="FILE holds what this system posts, one or one per line.")
    ] = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Publish messages: one JSON object, or one per line (JSON Lines). All are checked before any is published."""
    if from_ is not None:
        file = _only_file(type_, file)
        type_ = RecordChanged.queue
        events = [(event.id, event.change) for event in translated(read_text(file))]
        ids = asyncio.run(_publish(context.settings(), type_, events))
    else:
        known_type(type_)
        messages = parsed(type_, read_text(readable(_given(file))))
        ids = asyncio.run(_publish(context.settings(), type_, [(new_id(), message) for message in messages]))
    if as_json:
        return print_json({"type": type_, "ids": ids})
    tell(f"{counted(len(ids), f'{type_} message')} published and confirmed by RabbitMQ.")


async def _publish(settings: Settings, type_: str, events: Sequence[tuple[str, Message]]) -> list[str]:
    """The ids; who publishes is noted first, and no word of what the messages say."""
    subjects = {about(message) for _, message in events}
    ids = [id_ for id_, _ in events]
    one = subjects.pop() if len(subjects) == 1 else ""
    audit_trail.about(one or audit_trail.several("event", ids), type_)
    async with context.stores(settings):
        return await context.publish_events(settings, events)


def translated(text: str) -> list[ZohoEvent]:
    """The events in what Zoho CRM posts.

    Raises:
        InvalidMessage: it is not JSON, holds nothing, or one is no notification of Zoho; says which, and every field.
    """
    entries = _entries(text)
    if not entries:
        raise InvalidMessage("no notification: give one JSON object, or one per line")
    found: list[ZohoEvent] = []
    for number, entry in enumerate(entries, 1):
        try:
            found += zoho_events(parse_zoho(entry), now())
        except InvalidMessage as error:
            raise InvalidMessage(f"notification {number}: {error}") from error
    return found


def _only_file(first: str, file: Path | None) -> Path:
    """The one argument there is, or the second after the type that is meant anyway."""
    if file is None:
        return readable(Path(first))
    if first != RecordChanged.queue:
        raise typer.BadParameter(f"what comes from another system becomes {RecordChanged.queue}; leave {first} out")
    return readable(file)


def _given(file: Path | None) -> Path:
    if file is None:
        raise typer.BadParameter("FILE is missing; - is standard input")
    return file


def parsed(type_: str, text: str) -> list[Message]:
    """The messages in a text.

    Raises:
        InvalidMessage: it is not JSON, holds nothing, or a message breaks its contract; says which, and every field.
    """
    entries = _entries(text)
    if not entries:
        raise InvalidMessage("no message: give one JSON object, or one per line")
    return [_message(type_, entry, number) for number, entry in enumerate(entries, 1)]


def _entries(text: str) -> list[Any]:
    try:
        return [strict_json(text)]
    except (json.JSONDecodeError, RecursionError) as whole:
        lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        if len(lines) < 2 or not _is_json(lines[0][1]):
            if not lines:
                return []
            raise InvalidMessage(f"not JSON: {whole}") from whole
        return [_line(number, line) for number, line in lines]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return False
    return True


def _line(number: int, text: str) -> Any:
    try:
        return strict_json(text)
    except InvalidMessage as error:
        raise InvalidMessage(f"line {number}: {error}") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise InvalidMessage(f"line {number} is not JSON: {error}") from error


def _message(type_: str, entry: Any, number: int) -> Message:
    model = INCOMING[type_]
    if not isinstance(entry, dict):
        raise InvalidMessage(f"message {number}: a JSON object is needed, this is {type(entry).__name__}")
    try:
        if "specversion" in entry:
            return unpack(json.dumps(entry).encode(), model)[1]
        return model.model_validate(entry)
    except InvalidMessage as error:
        raise InvalidMessage(f"message {number}: {error}") from error
    except ValidationError as error:
        raise InvalidMessage(f"message {number}: {in_words(error)}") from error
