"""`campaigns campaign preview`: what one person would get, without sending it (R44)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import context, lookup
from cli.arguments import CampaignId, RecordRef, an_address, one_reader, pairs, person
from cli.output import Json, out, print_json, say, tell
from config.settings import Settings
from domain.campaign import Campaign, Sender
from domain.errors import InvalidDefinition
from domain.mailer import sender_of
from domain.preview import Preview, Reader, preview
from repositories.stores import Stores
from workers.dkim_keys import dkim_keys
from workers.options import address_key, organisation, signing_keys
from workers.record_reader import record_reader
from workers.resources import now

_AS_JSON = ("address", "subject", "html", "text", "fields", "empty")


def register(app: typer.Typer) -> None:
    app.command("preview")(preview_)


def preview_(
    campaign_id: CampaignId,
    contact: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            callback=an_address,
            help="With the values of the contact with this address.",
        ),
    ] = None,
    record: RecordRef = None,
    value: Annotated[
        list[str] | None, typer.Option(metavar="FIELD=TEXT", help="With this value of a merge field.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the HTML here, to look at in a browser.")
    ] = None,
    eml: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the whole email here, for a mail program.")
    ] = None,
    text: Annotated[bool, typer.Option("--text", help="Print the text part and nothing else.")] = False,
    as_json: Json = False,
) -> None:
    """Show a campaign as one person would get it. Nothing is sent, and its unsubscribe link unsubscribes nobody."""
    given = pairs(value, option="--value", shape="FIELD=TEXT")
    one_reader(contact, record)
    settings = context.settings()

    async def work(stores: Stores) -> tuple[Campaign, Reader]:
        found = await lookup.campaign(stores, campaign_id)
        if record is not None:
            return found, Reader.of(await record_reader(stores, settings)(found, record), given)
        return found, await _reader(stores, settings, contact, given)

    campaign, reader = context.stored(settings, work)
    shown = preview(campaign, reader, organisation(settings), signing_keys(settings), dkim_keys(settings), now())
    _write(campaign, shown, html, eml)
    if as_json:
        return print_json({name: getattr(shown, name) for name in _AS_JSON})
    if text:
        return out.print(shown.text, end="", markup=False, soft_wrap=True)
    _tell(sender_of(campaign, organisation(settings)), reader, shown)


async def _reader(stores: Stores, settings: Settings, contact: str | None, given: dict[str, str]) -> Reader:
    if contact is None:
        return Reader.sample(given)
    found = await lookup.contact(stores, person(contact).identity, address_key(settings))
    if found is None:
        raise InvalidDefinition(
            f"--contact: nobody with the address {contact} is a contact yet: a sync or a review makes one of a record. "
            "Give --record MODULE:ID instead, or leave it out for a made-up reader"
        )
    return Reader.of(found, given)


def _write(campaign: Campaign, shown: Preview, html: Path | None, eml: Path | None) -> None:
    if html is not None and shown.html is None:
        raise InvalidDefinition(f"campaign {campaign.id} is plain text: there is no HTML to write to {html}")
    if html is not None and shown.html is not None:
        html.write_text(shown.html, encoding="utf-8")
        say(f"{html}: the HTML as it would be sent")
    if eml is not None:
        eml.write_bytes(shown.raw)
        say(f"{eml}: the whole email as it would be sent")


def _tell(sender: Sender, reader: Reader, shown: Preview) -> None:
    tell(f"From:    {sender.name} <{sender.address}>")
    real = " (made up; --contact ADDRESS or --record MODULE:ID shows a real one)" if reader.is_sample else ""
    tell(f"To:      {shown.address}{real}")
    tell(f"Subject: {shown.subject}")
    if shown.empty:
        tell(f"Empty:   {', '.join(shown.empty)}: this reader has no value, and gets the fallback if there is one")
    tell("")
    tell(shown.text)
