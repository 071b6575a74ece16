"""`campaigns contact`: what is known of one person and from where, and what the person agreed to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Group, RenderableType

from cli import contact_privacy, contact_timeline, context, series_views
from cli.arguments import an_address, person
from cli.contact_timeline import Timeline, timeline
from cli.output import Json, out, print_json, shown, table, tell
from config.settings import Settings
from domain.campaign import LawfulBasis
from domain.consent import Consent, ConsentTo
from domain.contact import Contact, contact_id
from domain.eligibility import SuppressionReason
from domain.lists import Lifted, Suppression
from domain.preferences import consented
from domain.series import Entry
from domain.typos import suggested_address
from handlers.contact_changes import ContactChanges
from repositories.stores import Stores
from workers.options import address_key
from workers.resources import now

app = typer.Typer(help="One person: what is known, from where, and what was agreed to.", no_args_is_help=True)

Who = Annotated[str, typer.Argument(metavar="ADDRESS", callback=an_address, help="The person's address.")]
Source = Annotated[str, typer.Option(help="Where it was said: a form, a letter, a call.")]
Proof = Annotated[str, typer.Option(help="What shows it: the text agreed to, a ticket number.")]

OPERATOR = "operator"


contact_privacy.register(app)


class Answer(StrEnum):
    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Known:
    """All that is stored of one address."""

    address: str
    contact: Contact | None
    suppressions: Sequence[Suppression]
    lifted: Sequence[Lifted]
    suggestion: str | None  #: what the address was probably meant to be
    timeline: Timeline
    series: Sequence[Entry] = ()  #: ways through series

    def as_json(self) -> dict[str, object]:
        contact = self.contact
        return {
            "address": self.address,
            "suggestion": self.suggestion,
            "contact": contact,
            "opted_out": contact.opted_out if contact else None,
            "tracking": contact.tracking if contact else None,
            "suppressions": self.suppressions,
            "lifted": self.lifted,
            "timeline": self.timeline,
            "series": self.series,
        }


@app.command("show")
def show(address: Who, as_json: Json = False) -> None:
    """Show a person: records, values, lists, topics, consents, suppressions, and every email with what came of it."""
    settings = context.settings()
    found = context.stored(settings, lambda stores: known(stores, address, address_key(settings)))
    if as_json:
        return print_json(found.as_json())
    out.print(view(found))


@app.command("opt-in")
def opt_in(
    address: Who,
    proof: Proof,
    source: Source = OPERATOR,
    basis: Annotated[LawfulBasis, typer.Option(help="Why this person may be written to.")] = LawfulBasis.CONSENT,
    as_json: Json = False,
) -> None:
    """Note that a person agreed to be written to. It takes no opt-out and no suppression back."""
    consent = Consent(ConsentTo.MAIL, True, now(), source, proof, basis)
    _note(context.settings(), address, consent, as_json=as_json)


@app.command("opt-out")
def opt_out(address: Who, source: Source = OPERATOR, proof: Proof = "", as_json: Json = False) -> None:
    """Note that a person wants no more mail. It holds for good, whoever imports or syncs the address later."""
    consent = Consent(ConsentTo.MAIL, False, now(), source, proof)

    async def suppress(stores: Stores, key: str) -> None:
        reason = SuppressionReason.UNSUBSCRIBED
        await stores.suppressions.add([Suppression(key, reason, consent.at, f"{source}: {proof}".rstrip(": "))])

    _note(context.settings(), address, consent, as_json=as_json, first=suppress)


@app.command("tracking")
def tracking(
    address: Who,
    answer: Annotated[Answer, typer.Argument(help="Whether opens and clicks may be told of this person.")],
    source: Source = OPERATOR,
    proof: Proof = "",
    as_json: Json = False,
) -> None:
    """Note what a person said to being tracked."""
    consent = Consent(ConsentTo.TRACKING, answer is Answer.YES, now(), source, proof)
    _note(context.settings(), address, consent, as_json=as_json)


async def known(stores: Stores, text: str, key: bytes) -> Known:
    found = person(text)
    id_ = contact_id(found.identity, key)
    contact = (await stores.contacts.load([id_])).get(id_)
    suppressions, lifted = await stores.suppressions.details(id_), await stores.suppressions.lifted(id_)
    return Known(
        address=found.sendable,
        contact=contact,
        suppressions=suppressions,
        lifted=lifted,
        suggestion=suggested_address(found.sendable),
        timeline=await timeline(stores, id_, contact, suppressions, lifted),
        series=await stores.series_entries.of_contact(id_),
    )


def view(found: Known) -> RenderableType:
    parts: list[RenderableType] = [table(found.address, ("fact", "value"), _facts(found))]
    if found.contact:
        parts += _of_contact(found.contact)
    if found.suppressions:
        rows = [(each.reason, each.at, each.evidence) for each in found.suppressions]
        parts.append(table("Suppressed", ("reason", "since", "evidence"), rows))
    if found.lifted:
        taken_back = [(each.suppression.reason, each.at, each.because) for each in found.lifted]
        parts.append(table("Taken back", ("reason", "when", "because"), taken_back))
    return Group(*parts, *series_views.entries(found.series), *contact_timeline.view(found.timeline))


def _facts(found: Known) -> list[tuple[str, str]]:
    contact, facts = found.contact, list[tuple[str, str]]()
    if found.suggestion:
        facts.append(("meant?", f"{found.suggestion}; change it in the CRM, here nothing is corrected"))
    if contact is None:
        return [*facts, ("contact", "none: no record, list or import brought this address")]
    return [
        *facts,
        ("id", contact.id),
        ("subscription", contact.subscription or "none"),
        ("topics", ", ".join(sorted(contact.topics)) or "none"),
        ("topics left", ", ".join(sorted(contact.left_topics)) or "none"),
        ("opted out", _opted_out(contact)),
        ("tracking", contact.tracking),
    ]


def _opted_out(contact: Contact) -> str:
    if contact.opt_out:
        return f"yes: {contact.opt_out.source}, {shown(contact.opt_out.at)} UTC"
    said = [source.ref for source in contact.sources.values() if source.opted_out]
    return f"yes: {', '.join(sorted(said))}" if said else "no"


def _of_contact(contact: Contact) -> list[RenderableType]:
    records = [
        (source.ref, source.stamp.at, "gone" if source.gone else "there", "yes" if source.opted_out else "no")
        for source in sorted(contact.sources.values(), key=lambda each: each.stamp, reverse=True)
    ]
    values = [
        (name, str(field.value)[:80], field.stamp.ref, field.stamp.at) for name, field in sorted(contact.fields.items())
    ]
    lists = [(each.list_id, ", ".join(sorted(each.sources))) for each in contact.memberships.values()]
    consents = [
        (each.at, f"{'yes' if each.given else 'no'} to {each.to}", each.source, each.proof, each.basis)
        for each in contact.consents
    ]
    tables = (
        ("CRM records", ("record", "changed", "state", "says opt-out"), records),
        ("Values", ("field", "value", "from", "changed"), values),
        ("Lists", ("list", "because of"), lists),
        ("Consents", ("when", "what", "source", "proof", "basis"), consents),
    )
    return [table(title, columns, rows) for title, columns, rows in tables if rows]


def _note(
    settings: Settings,
    text: str,
    consent: Consent,
    *,
    as_json: bool,
    first: Callable[[Stores, str], Awaitable[None]] | None = None,
) -> None:
    """Keep a yes or no with the person; `first` is what has to outlive the contact."""
    key = address_key(settings)
    id_ = contact_id(person(text).identity, key)

    async def work(stores: Stores) -> Known:
        if first:
            await first(stores, id_)
        await ContactChanges(stores.contacts)([id_], lambda contact: consented(contact, consent))
        return await known(stores, text, key)

    found = context.stored(settings, work)
    if as_json:
        return print_json(found.as_json())
    tell(_noted(found, consent))


def _noted(found: Known, consent: Consent) -> str:
    if found.contact is None:
        stays = "; the address is suppressed" if found.suppressions else "; nothing was noted"
        return f"There is no contact with this address{stays}."
    said = f"Noted: {'yes' if consent.given else 'no'} to {consent.to}."
    if consent.given and consent.to is ConsentTo.MAIL and (found.suppressions or found.contact.opted_out):
        return f"{said} It gets no mail all the same: `campaigns contact show` says why."
    return said
