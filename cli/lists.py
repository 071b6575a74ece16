"""`campaigns list` and `campaigns topic`: mailing lists, and the subjects that people subscribe to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from cli import context
from cli.arguments import NewListId, NewTopicId, TopicId, addresses, new_id, person
from cli.output import Json, counted, out, print_json, table, tell
from domain.contact import contact_id, left_topic
from domain.errors import Conflict
from domain.lists import MailingList, Topic
from repositories.stores import Stores
from workers.options import address_key

list_app = typer.Typer(help="Mailing lists.", no_args_is_help=True)
topic_app = typer.Typer(help="Topics that people subscribe to and leave.", no_args_is_help=True)


@list_app.command("create")
def create_list(
    list_id: NewListId,
    name: Annotated[str, typer.Option(help="What the list is called; at first its id.")] = "",
    message: Annotated[str, typer.Option(help="What its subscribers read about it.")] = "",
    as_json: Json = False,
) -> None:
    """Create a mailing list. One that exists stays as it is."""
    made = MailingList(list_id, name or list_id, message)
    context.stored(context.settings(), lambda stores: stores.lists.add(made))
    print_json(made) if as_json else tell(f"List {list_id} is there.")


@list_app.command("show")
def show_lists(as_json: Json = False) -> None:
    """Show all lists with the number of their members."""

    async def work(stores: Stores) -> list[tuple[MailingList, int]]:
        return [(one, await stores.contacts.count(one.id)) for one in await stores.lists.all()]

    found = context.stored(context.settings(), work)
    if as_json:
        return print_json([{"id": one.id, "name": one.name, "message": one.message, "members": n} for one, n in found])
    if not found:
        return tell("There is no list yet: `campaigns list create LIST`.")
    out.print(table("Lists", ("id", "name", "members"), [(one.id, one.name, n) for one, n in found]))


@topic_app.command("create")
def create_topic(
    topic_id: NewTopicId,
    name: Annotated[str, typer.Option(help="What the topic is called; at first its id.")] = "",
    as_json: Json = False,
) -> None:
    """Create a topic. One that exists stays as it is."""
    made = Topic(topic_id, name or topic_id)
    context.stored(context.settings(), lambda stores: stores.topics.add(made))
    print_json(made) if as_json else tell(f"Topic {topic_id} is there.")


@topic_app.command("show")
def show_topics(as_json: Json = False) -> None:
    """Show all topics."""
    found = context.stored(context.settings(), lambda stores: stores.topics.all())
    if as_json:
        return print_json(found)
    if not found:
        return tell("There is no topic beside marketing yet: `campaigns topic create TOPIC`.")
    out.print(table("Topics", ("id", "name"), [(one.id, one.name) for one in found]))


@topic_app.command("leave")
def leave_topic(
    topic_id: TopicId,
    people: Annotated[list[str], typer.Argument(metavar="ADDRESS", callback=addresses, help="Who leaves it.")],
    instead: Annotated[
        str | None, typer.Option(metavar="TOPIC", callback=new_id, help="A topic that they take instead.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take people off a topic at their wish. They stay on their lists, and no event or sync puts them back on it."""
    identities = [person(text).identity for text in people]
    settings = context.settings()
    keys = [contact_id(identity, address_key(settings)) for identity in identities]
    left = context.stored(settings, lambda stores: _leave(stores, topic_id, keys, instead))
    if as_json:
        return print_json({"topic": topic_id, "left": left, "unknown": len(keys) - left})
    unknown = f"; {len(keys) - left:,} are unknown here" if left < len(keys) else ""
    tell(f"{counted(left, 'person', 'people')} left {topic_id}{unknown}.")


async def _leave(stores: Stores, topic_id: str, keys: Sequence[str], instead: str | None) -> int:
    contacts = list((await stores.contacts.load(keys)).values())
    if conflicts := await stores.contacts.save([left_topic(one, topic_id, instead) for one in contacts]):
        raise Conflict(f"{len(conflicts)} of them were changed at the same time; repeat the command")
    return len(contacts)
