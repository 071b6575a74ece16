"""`campaigns list` and `campaigns topic`: mailing lists, and the subjects that people subscribe to."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from cli import context
from cli.output import Json, out, print_json, table
from config.settings import Settings
from domain.contact import address, contact_id, left_topic
from domain.errors import Conflict, InvalidDefinition
from domain.lists import MailingList, Topic
from workers.options import address_key

list_app = typer.Typer(help="Mailing lists.", no_args_is_help=True)
topic_app = typer.Typer(help="Topics that people subscribe to and leave.", no_args_is_help=True)

ListId = Annotated[str, typer.Argument(help="A short id: letters, digits, - and _.")]


@list_app.command("create")
def create_list(
    list_id: ListId,
    name: Annotated[str, typer.Option(help="What the list is called.")] = "",
    message: Annotated[str, typer.Option(help="What its subscribers read about it.")] = "",
    as_json: Json = False,
) -> None:
    """Create a mailing list. One that exists stays as it is."""
    made = MailingList(list_id, name or list_id, message)

    async def work() -> None:
        async with context.stores(context.settings()) as stores:
            await stores.lists.add(made)

    asyncio.run(work())
    print_json(made) if as_json else out.print(f"List {list_id} is there.")


@list_app.command("show")
def show_lists(as_json: Json = False) -> None:
    """All lists with the number of their members."""

    async def work() -> list[tuple[MailingList, int]]:
        async with context.stores(context.settings()) as stores:
            return [(one, await stores.contacts.count(one.id)) for one in await stores.lists.all()]

    found = asyncio.run(work())
    if as_json:
        print_json([{"id": one.id, "name": one.name, "message": one.message, "members": n} for one, n in found])
        return
    out.print(table("Lists", ("id", "name", "members"), [(one.id, one.name, n) for one, n in found]))


@topic_app.command("create")
def create_topic(
    topic_id: ListId, name: Annotated[str, typer.Option(help="What the topic is called.")] = "", as_json: Json = False
) -> None:
    """Create a topic. One that exists stays as it is."""
    made = Topic(topic_id, name or topic_id)

    async def work() -> None:
        async with context.stores(context.settings()) as stores:
            await stores.topics.add(made)

    asyncio.run(work())
    print_json(made) if as_json else out.print(f"Topic {topic_id} is there.")


@topic_app.command("show")
def show_topics(as_json: Json = False) -> None:
    """All topics."""

    async def work() -> list[Topic]:
        async with context.stores(context.settings()) as stores:
            return list(await stores.topics.all())

    found = asyncio.run(work())
    print_json(found) if as_json else out.print(table("Topics", ("id", "name"), [(one.id, one.name) for one in found]))


@topic_app.command("leave")
def leave_topic(
    topic_id: ListId,
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS…", help="Who leaves it.")],
    instead: Annotated[str | None, typer.Option(help="A topic that they take instead.")] = None,
    as_json: Json = False,
) -> None:
    """Take people off a topic at their wish. They stay on their lists, and no event or sync puts them back on it."""
    moved = asyncio.run(_leave(context.settings(), topic_id, addresses, instead))
    print_json({"topic": topic_id, "left": moved}) if as_json else out.print(f"{moved} people left {topic_id}.")


async def _leave(settings: Settings, topic_id: str, addresses: list[str], instead: str | None) -> int:
    keys = [contact_id(_identity(text), address_key(settings)) for text in addresses]
    async with context.stores(settings) as stores:
        contacts = list((await stores.contacts.load(keys)).values())
        if conflicts := await stores.contacts.save([left_topic(one, topic_id, instead) for one in contacts]):
            raise Conflict(f"{len(conflicts)} of them were changed at the same time; say it again")
    return len(contacts)


def _identity(text: str) -> str:
    found = address(text)
    if found is None:
        raise InvalidDefinition(f"{text} is not an email address")
    return found.identity
