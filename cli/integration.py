"""`campaigns integration`: leave the CRM, and come back to it (R96-R101)."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from cli import context
from cli.follow import not_refused, said_now_and_then, until
from cli.integration_export import export
from cli.integration_plan import Plan, plan_of, view
from cli.login import login
from cli.output import Json, counted, err, out, print_json, say, shown, table, tell
from config.settings import Settings
from domain.errors import NotConfirmed
from domain.integration import Integration, IntegrationChange, check_confirmation
from messages.envelope import SOURCE, identity
from messages.integration_changed import IntegrationChanged
from repositories.stores import Stores
from workers.resources import now

app = typer.Typer(help="The CRM: leave it, come back to it.", no_args_is_help=True)

DryRun = Annotated[bool, typer.Option("--dry-run", help="List what will happen; nothing is changed.")]
Sure = Annotated[bool, typer.Option("--yes-i-mean-it", help="For scripts: instead of typing the organisation's name.")]
By = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who answers for it; default: your user name.")]


@app.command("show")
def show(as_json: Json = False) -> None:
    """Show whether the CRM is linked, since when and by whom, and what there is of it."""

    async def work(stores: Stores) -> tuple[Integration, Mapping[str, int], Mapping[str, int]]:
        campaigns = Counter(str(one.status) for one in await stores.campaigns.all())
        syncs = Counter(str(one.status) for one in await stores.syncs.all())
        return await stores.integrations.get(), campaigns, syncs

    known, campaigns, syncs = context.stored(context.settings(), work)
    if as_json:
        return print_json({"integration": known, "campaigns": campaigns, "syncs": syncs})
    tell(_standing(known))
    rows = [*(("campaigns", *each) for each in sorted(campaigns.items()))]
    rows += [("syncs", *each) for each in sorted(syncs.items())]
    out.print(table("What there is", ("what", "status", "number"), rows))


@app.command("deactivate")
def deactivate(dry_run: DryRun = False, sure: Sure = False, by: By = None, as_json: Json = False) -> None:
    """Leave the CRM: every campaign becomes offline, syncs rest. Returns when nothing more is sent.

    Killed half way, it goes on by itself; told again, nothing changes.
    """
    settings = context.settings()
    _leave(settings, IntegrationChange.DEACTIVATE, dry_run=dry_run, sure=sure, by=by, as_json=as_json)


@app.command("disable")
def disable(
    dry_run: DryRun = False,
    sure: Sure = False,
    to: Annotated[
        Path | None,
        typer.Option(
            "--export", file_okay=False, help="Write syncs, campaigns and their reports to this directory first."
        ),
    ] = None,
    no_export: Annotated[bool, typer.Option("--no-export", help="Keep nothing of them.")] = False,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Leave the CRM for good: every campaign is unlinked, all syncs are deleted. Returns when that is done.

    Killed half way, it goes on by itself; told again, nothing changes.
    """
    if not dry_run and (to is None) is not no_export:
        raise typer.BadParameter("one of them: --export DIR keeps syncs and reports, --no-export keeps nothing",
                                 param_hint="--export, --no-export")  # fmt: skip
    settings = context.settings()
    _leave(settings, IntegrationChange.DISABLE, dry_run=dry_run, sure=sure, by=by, as_json=as_json, to=to)


@app.command("activate")
def activate(dry_run: DryRun = False, by: By = None, as_json: Json = False) -> None:
    """Come back to the CRM. It starts clean: old campaigns stay offline, syncs rest until they are resumed."""
    settings = context.settings()
    known = context.stored(settings, _known)
    told = _changed(known, IntegrationChange.ACTIVATE, by)
    if dry_run:
        return print_json({"state": known.state}) if as_json else tell(_coming_back(known))
    found = told if told.state is known.state else _asked(settings, IntegrationChange.ACTIVATE, "", by)
    print_json(found) if as_json else tell(f"{_standing(found)} {_AFTERWARDS}")


_AFTERWARDS = "Old campaigns stay offline. `campaigns sync show` lists syncs; `campaigns sync resume SYNC` wakes one."


def _leave(
    settings: Settings,
    change: IntegrationChange,
    *,
    dry_run: bool,
    sure: bool,
    by: str | None,
    as_json: bool,
    to: Path | None = None,
) -> None:
    async def looked(stores: Stores) -> tuple[Integration, Plan]:
        known = await stores.integrations.get()
        return known, await plan_of(stores, known, change)

    known, plan = context.stored(settings, looked)
    _changed(known, change, by)
    if dry_run:
        return print_json(plan) if as_json else out.print(view(plan))
    text = _confirmation(settings, change, plan, sure=sure)
    if to is not None:
        found = context.stored(settings, lambda stores: export(stores, settings, to))
        say(f"{counted(found.syncs, 'sync')} and {counted(found.campaigns, 'campaign')} are written to {to}.")
    after = _asked(settings, change, text, by)
    print_json(after) if as_json else tell(_standing(after))


def _changed(known: Integration, change: IntegrationChange, by: str | None) -> Integration:
    """What a worker would make of it: what it would refuse is said at once."""
    return known.changed(change, by=by or login(), request="", at=now())


def _confirmation(settings: Settings, change: IntegrationChange, plan: Plan, *, sure: bool) -> str:
    """
    Raises:
        NotConfirmed: nobody has typed the organisation's name.
    """
    name = settings.organisation.name
    check_confirmation(change, name, name)  # that there is one
    if sure:
        return name
    if not sys.stdin.isatty():
        raise NotConfirmed(f"nothing was changed: nobody is there to type {name!r}; --yes-i-mean-it does for scripts")
    err.print(view(plan))
    text: str = typer.prompt(f"Type the organisation's name to {change} the integration ({name})", err=True)
    check_confirmation(change, text, name)
    return text


def _asked(settings: Settings, change: IntegrationChange, text: str, by: str | None) -> Integration:
    """The integration once the workers have done all of it: nothing more is sent then."""
    message = IntegrationChanged(change=change, confirmed_by=by or login(), confirmation=text)
    [id_] = asyncio.run(context.publish(settings, [message]))
    request = identity(SOURCE, id_)

    async def followed(stores: Stores) -> Integration:
        async def look() -> Integration:
            await not_refused(stores, IntegrationChanged.queue, [id_])
            return await stores.integrations.get()

        return await until(
            look,
            lambda found: request in found.answered and found.finished,
            begun=lambda found: request in found.answered,
            waiting_for=f"To {change} the integration",
            see=said_now_and_then(_waiting),
        )

    return context.stored(settings, followed)


async def _known(stores: Stores) -> Integration:
    return await stores.integrations.get()


def _standing(known: Integration) -> str:
    if known.at is None:
        return "The integration is active, as it was from the beginning."
    said = f"The integration is {known.state} since {shown(known.at)} UTC, by {known.by}."
    if known.active:
        return said
    if known.detaching:
        return f"{said} Campaigns are being taken offline; mails may still go out."
    sent = f"{said} Nothing of its campaigns is sent since {shown(known.detached_at)} UTC."
    return sent if known.finished else f"{sent} Syncs are being deleted."


def _waiting(known: Integration) -> str:
    """What is still to be done, who does it, and that nobody has to stay."""
    if known.detaching:
        what = (
            "Waiting for mails, test mails and syncs that workers have in hand; for those of a worker that was killed "
            "until its lease is over, a minute or so. `campaigns worker integration-changed` does it: is one running?"
        )
    else:
        what = (
            "Nothing more is sent. Syncs are being deleted: `campaigns worker sync-requested` does it: is one running?"
        )
    return f"{what} Ctrl-C leaves it to the workers; `campaigns integration show` says how far it is."


def _coming_back(known: Integration) -> str:
    if known.active:
        return "The integration is active already: nothing would change."
    return f"The integration, which is {known.state}, would be active again. {_AFTERWARDS}"
