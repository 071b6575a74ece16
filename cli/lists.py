"""`campaigns list` and `campaigns topic`: mailing lists, and the subjects that people subscribe to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from cli import audit_trail, context, lookup
from cli.arguments import ListId, NewListId, NewTopicId, TopicId, addresses, new_id, person
from cli.output import Csv, Json, counted, out, print_csv, print_json, table, tell
from domain.contact import Contact, SubscriptionType, contact_id, left_topic
from domain.errors import InvalidDefinition
from domain.lists import MailingList, Topic
from handlers.contact_changes import ContactChanges
from repositories.stores import Stores
from workers.options import address_key

MEMBER = ("contact", "address", "subscription", "opted out", "because of")

list_app = typer.Typer(help="Mailing lists.", no_args_is_help=True)
topic_app = typer.Typer(help="Topics that people subscribe to and leave.", no_args_is_help=True)


@list_app.command("create")
def create_list(
    list_id: NewListId,
    name: Annotated[str, typer.Option(help="What the list is called; at first its id.")] = "",
    message: Annotated[str, typer.Option(help="What its subscribers read about it.")] = "",
    type_: Annotated[
        SubscriptionType, typer.Option("--type", help="Why people are on it who are imported into it.")
    ] = SubscriptionType.MARKETING,
    as_json: Json = False,
) -> None:
    """Create a mailing list. One that exists stays as it is."""
    made = MailingList(list_id, name or list_id, message, type_)
    context.stored(context.settings(), lambda stores: stores.lists.add(made))
    print_json(made) if as_json else tell(f"List {list_id} is there.")


@list_app.command("edit")
def edit_list(
    list_id: ListId,
    name: Annotated[str | None, typer.Option(help="What the list is called.")] = None,
    message: Annotated[str | None, typer.Option(help="What its subscribers read about it.")] = None,
    type_: Annotated[
        SubscriptionType | None, typer.Option("--type", help="Why people are on it who are imported into it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Change what is named of a list. Its members stay."""

    async def work(stores: Stores) -> MailingList:
        known = await lookup.mailing_list(stores, list_id)
        changed = MailingList(
            list_id,
            known.name if name is None else name,
            known.message if message is None else message,
            type_ or known.subscription,
        )
        await stores.lists.redefine(changed)
        return changed

    changed = context.stored(context.settings(), work)
    print_json(changed) if as_json else tell(f"List {list_id} is called {changed.name}.")


@list_app.command("members")
def list_members(
    list_id: ListId,
    after: Annotated[str, typer.Option(metavar="CONTACT", help="Go on after this contact id.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Show the members of a list, and why each is on it: leaving for one reason removes nobody who has another."""

    async def work(stores: Stores) -> tuple[Sequence[Contact], int]:
        await lookup.mailing_list(stores, list_id)
        return await stores.contacts.page(list_id, after=after, limit=limit), await stores.contacts.count(list_id)

    found, count = context.stored(context.settings(), work)
    rows = [_member(contact, list_id) for contact in found]
    if as_json:
        return print_json([dict(zip(MEMBER, row, strict=True)) for row in rows])
    if as_csv:
        return print_csv(MEMBER, rows)
    if not rows:
        return tell(f"List {list_id} has nobody {'else' if after else 'on it yet'}.")
    out.print(table(f"{len(rows):,} of {counted(count, 'member')} of {list_id}", MEMBER, rows))
    if count > len(rows) and len(rows) == limit:
        tell(f"More: campaigns list members {list_id} --after {found[-1].id}")


def _member(contact: Contact, list_id: str) -> tuple[str, ...]:
    because = ", ".join(sorted(contact.memberships[list_id].sources))
    return contact.id, contact.address, contact.subscription or "", "yes" if contact.opted_out else "no", because


@list_app.command("show")
def show_lists(as_json: Json = False) -> None:
    """Show all lists with the number of their members."""

    async def work(stores: Stores) -> list[tuple[MailingList, int]]:
        return [(one, await stores.contacts.count(one.id)) for one in await stores.lists.all()]

    found = context.stored(context.settings(), work)
    if as_json:
        return print_json(
            [
                {"id": one.id, "name": one.name, "message": one.message, "type": one.subscription, "members": n}
                for one, n in found
            ]
        )
    if not found:
        return tell("There is no list yet: `campaigns list create LIST`.")
    rows = [(one.id, one.name, one.subscription, n) for one, n in found]
    out.print(table("Lists", ("id", "name", "type", "members"), rows))


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


@topic_app.command("edit")
def edit_topic(
    topic_id: TopicId, name: Annotated[str, typer.Option(help="What the topic is called.")], as_json: Json = False
) -> None:
    """Call a topic something else. It stays the same topic: whoever holds or left it, and campaigns under review."""
    renamed = Topic(topic_id, name)
    if not context.stored(context.settings(), lambda stores: stores.topics.rename(renamed)):
        raise InvalidDefinition(f"there is no topic {topic_id}; `campaigns topic create {topic_id} --name {name!r}`")
    print_json(renamed) if as_json else tell(f"Topic {topic_id} is called {name}.")


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
    audit_trail.about(audit_trail.several("contact", keys), topic_id)
    left = context.stored(settings, lambda stores: _leave(stores, topic_id, keys, instead))
    if as_json:
        return print_json({"topic": topic_id, "left": left, "unknown": len(keys) - left})
    unknown = f"; {len(keys) - left:,} are unknown here" if left < len(keys) else ""
    tell(f"{counted(left, 'person', 'people')} left {topic_id}{unknown}.")


async def _leave(stores: Stores, topic_id: str, keys: Sequence[str], instead: str | None) -> int:
    return await ContactChanges(stores.contacts)(keys, lambda one: left_topic(one, topic_id, instead))
