"""Arguments and options that several commands share, each explained once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import typer

from cli.context import ASSUME_YES
from domain.campaign import CAMPAIGN_ID
from domain.contact import Address, address


def new_id(text: str | None) -> str | None:
    """
    Raises:
        typer.BadParameter: it cannot be an id.
    """
    if text is not None and CAMPAIGN_ID.fullmatch(text) is None:
        rule = "letters, digits, - and _ only, a letter or digit first, at most 40 in all"
        raise typer.BadParameter(f"{text!r} cannot be an id: {rule}")
    return text


def person(text: str) -> Address:
    """
    Raises:
        typer.BadParameter: it is not an email address.
    """
    found = address(text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is not an email address")
    return found


def addresses(texts: list[str]) -> list[str]:
    """
    Raises:
        typer.BadParameter: one is not an email address.
    """
    for text in texts:
        person(text)
    return texts


def an_address(text: str | None) -> str | None:
    """
    Raises:
        typer.BadParameter: it is not an email address.
    """
    if text is not None:
        person(text)
    return text


def a_ref(text: str | None) -> str | None:
    """
    Raises:
        typer.BadParameter: it does not name a record.
    """
    module, _, record_id = (text or "").partition(":")
    if text is not None and not (module and record_id):
        raise typer.BadParameter(f"{text!r}: write MODULE:ID, such as Leads:5400000000000000001")
    return text


def refs(texts: list[str] | None) -> list[str] | None:
    """
    Raises:
        typer.BadParameter: one does not name a record.
    """
    for text in texts or ():
        a_ref(text)
    return texts


def one_reader(contact: str | None, record: str | None) -> None:
    """
    Raises:
        typer.BadParameter: both are given.
    """
    if contact is not None and record is not None:
        raise typer.BadParameter("whose values are shown? leave one of them out", param_hint="--contact, --record")


def pairs(texts: Sequence[str] | None, *, option: str, shape: str) -> dict[str, str]:
    """NAME=TEXT by name, as given several times.

    Raises:
        typer.BadParameter: one has no name or no =, `shape` says how it is written; or a name is there twice.
    """
    parts = [(text, *text.partition("=")) for text in texts or ()]
    if wrong := [text for text, name, equals, _ in parts if not (name and equals)]:
        raise typer.BadParameter(f"{wrong[0]!r}: write {shape}", param_hint=option)
    found = {name: value for _, name, _, value in parts}
    if len(found) < len(parts):
        [(name, _)] = Counter(name for _, name, _, _ in parts).most_common(1)
        raise typer.BadParameter(f"{name} is there twice; say once what it is", param_hint=option)
    return found


_NEW = "A short id: letters, digits, - and _."

CampaignId = Annotated[
    str, typer.Argument(metavar="CAMPAIGN", help="Id of a campaign; `campaigns campaign show` lists all.")
]
SeriesId = Annotated[str, typer.Argument(metavar="SERIES", help="Id of a series; `campaigns series list` shows all.")]
SyncId = Annotated[str, typer.Argument(metavar="SYNC", help="Id of a sync; `campaigns sync show` lists all.")]
ListId = Annotated[str, typer.Argument(metavar="LIST", help="Id of a list; `campaigns list show` lists all.")]
TopicId = Annotated[str, typer.Argument(metavar="TOPIC", help="Id of a topic; `campaigns topic show` lists all.")]
TemplateName = Annotated[
    str, typer.Argument(metavar="TEMPLATE", help="Name of a template; `campaigns template list` shows all.")
]
NewCampaignId = Annotated[str, typer.Argument(metavar="CAMPAIGN", callback=new_id, help=_NEW)]
NewSyncId = Annotated[str, typer.Argument(metavar="SYNC", callback=new_id, help=_NEW)]
NewListId = Annotated[str, typer.Argument(metavar="LIST", callback=new_id, help=_NEW)]
NewTopicId = Annotated[str, typer.Argument(metavar="TOPIC", callback=new_id, help=_NEW)]
NewTemplateName = Annotated[str, typer.Argument(metavar="TEMPLATE", callback=new_id, help=_NEW)]
RecordRef = Annotated[
    str | None,
    typer.Option(
        "--record",
        metavar="MODULE:ID",
        callback=a_ref,
        help="With the values of this record, as a review would carry it over.",
    ),
]
Author = Annotated[
    str | None, typer.Option(metavar="NAME", help="Who writes this, never who approves it; at first your login.")
]
Wait = Annotated[bool, typer.Option(help="Follow it until it has ended, or return as soon as it is asked for.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", envvar=ASSUME_YES, help="Do not ask.")]
