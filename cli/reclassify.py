"""`campaigns reclassify`: give verdicts on bounces again, after the rules of classification have changed."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType

from cli import context, lookup
from cli.ages import ago
from cli.arguments import Yes
from cli.offline import is_hidden, note
from cli.output import Json, counted, csv_cells, out, print_json, say, table, tell
from cli.progress import progress
from domain.errors import NotReady
from domain.reclassification import Flip
from domain.ruling import Ruling
from domain.summary import Summary
from handlers.reclassify import Page, Reclassifier
from handlers.strike_book import StrikeBook
from repositories.stores import Stores
from workers.resources import now

_EXAMPLES = 20
_COLUMNS = (
    *("email", "at", "code", "was", "reason then", "rule then", "now", "reason now", "rule now", "suppresses"),
    "address",
)

Kind = tuple[str, str, str, str]


@dataclass
class Totals:
    """What a run came to. Its size does not grow with the number of emails."""

    emails: int = 0
    flips: int = 0
    moving: int = 0
    suppressed: int = 0
    lifted: int = 0
    held: int = 0
    kinds: Counter[Kind] = field(default_factory=Counter)  #: (was, now, rule then, rule now)
    examples: list[tuple[Flip, str]] = field(default_factory=list)  #: and what becomes of the address

    def add(self, page: Page) -> None:
        self.emails += page.emails
        self.flips += len(page.flips)
        self.moving += page.moving
        self.suppressed += page.suppressed
        self.lifted += page.lifted
        self.held += page.held
        self.kinds.update(map(_kind, page.flips))
        self.examples += _followed(page)[: max(0, _EXAMPLES - len(self.examples))]


def register(app: typer.Typer) -> None:
    app.command()(reclassify)


def reclassify(
    campaign: Annotated[str | None, typer.Option(help="Only this campaign; without it, all of them.")] = None,
    since: Annotated[str | None, typer.Option(help="Only what was heard in the last 7d, 12h, …")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would flip.")] = False,
    to_csv: Annotated[Path | None, typer.Option("--csv", help="Write every flip to this file, too.")] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Judge stored bounces anew by the rules of now: counts, suppressions and strikes follow. Nothing is sent again."""
    from_then = ago(since) if since else None
    if not (dry_run or context.confirmed("Judge anew, and suppress or free addresses by it?", yes=yes)):
        say("Nothing was changed. --dry-run says what would flip.")
        raise typer.Exit(1)

    async def work(stores: Stores) -> Totals:
        return await _run(stores, campaign, from_then, dry_run=dry_run, to_csv=to_csv)

    found = context.stored(context.settings(), work)
    if as_json:
        return print_json(_plain(found, dry_run=dry_run))
    out.print(_view(found))
    tell(_told(found, dry_run=dry_run))


async def _run(
    stores: Stores, campaign: str | None, since: datetime | None, *, dry_run: bool, to_csv: Path | None
) -> Totals:
    ids = [await _live(stores, campaign)] if campaign else await _all_live(stores)
    book = StrikeBook(stores.strikes, stores.emails)
    judge = Reclassifier(stores.emails, stores.events, stores.suppressions, book, now)
    judge = judge.dry() if dry_run else judge  # one for all: what was found in one campaign counts in the next
    expected = sum(map(_bounces, (await stores.emails.summaries(ids)).values()))
    totals = Totals()
    with ExitStack() as open_:
        write = csv.writer(open_.enter_context(to_csv.open("w", encoding="utf-8", newline=""))) if to_csv else None
        if write:
            write.writerow(_COLUMNS)
        looked_at = open_.enter_context(progress("Judging anew", total=expected))
        for id_ in ids:
            async for page in judge(id_, since=since, dry_run=dry_run):
                totals.add(page)
                looked_at(totals.emails)
                if write:
                    write.writerows(csv_cells((*_row(flip), follows)) for flip, follows in _followed(page))
    return totals


async def _live(stores: Stores, campaign_id: str) -> str:
    """
    Raises:
        NotReady: it is offline, so that nothing reaches it any more (R102).
    """
    found = await lookup.campaign(stores, campaign_id)
    if is_hidden(found):
        raise NotReady(note(found))
    return found.id


async def _all_live(stores: Stores) -> list[str]:
    return [one.id for one in await stores.campaigns.all() if not is_hidden(one)]


def _bounces(found: Summary) -> int:
    return found.hard_bounced + found.soft_bounced + found.failed


def _view(found: Totals) -> RenderableType:
    if not found.flips:
        return Group()
    kinds = [(count, *kind) for kind, count in found.kinds.most_common()]
    parts = [table("Verdicts that flip", ("emails", "was", "now", "rule then", "rule now"), kinds)]
    columns = ("email", "at", "was", "now", "rule now", "address")
    lines = [
        (flip.email_id, flip.at, _said(flip.was), _said(flip.now), flip.now.rule, follows)
        for flip, follows in found.examples
    ]
    return Group(*parts, table(f"The first {len(lines)} of them", columns, lines))


def _told(found: Totals, *, dry_run: bool) -> str:
    looked = f"{counted(found.emails, 'bounce')} looked at"
    if not found.flips:
        return f"{looked}; no verdict changes.{_moving(found)}"
    return f"{looked}; {_followed_by(found, dry_run=dry_run)}.{_moving(found)}"


def _followed_by(found: Totals, *, dry_run: bool) -> str:
    verdicts, addresses = counted(found.flips, "verdict"), counted(found.suppressed, "address", "addresses")
    held = f", {found.held:,} {'would stay' if dry_run else 'stay'} suppressed for another reason" if found.held else ""
    if dry_run:
        return f"{verdicts} would flip, {addresses} be suppressed, {found.lifted:,} freed{held}. Nothing was changed"
    return f"{verdicts} flipped; {addresses} suppressed, {found.lifted:,} freed{held}"


def _moving(found: Totals) -> str:
    if not found.moving:
        return ""
    return f" {counted(found.moving, 'email was', 'emails were')} just being changed by new events: run it again."


def _plain(found: Totals, *, dry_run: bool) -> dict[str, Any]:
    names = ("was", "now", "rule_then", "rule_now")
    return {
        "dry_run": dry_run,
        "looked_at": found.emails,
        "flips": found.flips,
        "moving": found.moving,
        "suppressed": found.suppressed,
        "lifted": found.lifted,
        "held": found.held,
        "kinds": [{**dict(zip(names, kind, strict=True)), "emails": n} for kind, n in found.kinds.most_common()],
        "examples": [{**asdict(flip), "address": follows} for flip, follows in found.examples],
    }


def _followed(page: Page) -> list[tuple[Flip, str]]:
    """Each flip, and what becomes of the address: suppressed, freed, or nothing."""
    suppressed, freed = ({each.contact_id for each in some} for some in (page.condemned, page.freed))
    words = dict.fromkeys(suppressed, "suppressed") | dict.fromkeys(freed, "freed")
    return [(flip, words.get(flip.contact_id, "")) for flip in page.flips]


def _kind(flip: Flip) -> Kind:
    return _said(flip.was), _said(flip.now), flip.was.rule if flip.was else "", flip.now.rule


def _said(ruling: Ruling | None) -> str:
    """`hard_bounced, user_unknown`, with a cross where it suppresses."""
    if ruling is None:
        return "not kept"
    return ", ".join(filter(None, (ruling.state, ruling.reason, "suppresses" if ruling.dead else "")))


def _row(flip: Flip) -> Sequence[object]:
    was = flip.was
    then = (was.state, was.reason, was.rule) if was else ("", "", "")
    return flip.email_id, flip.at, flip.code, *then, flip.now.state, flip.now.reason, flip.now.rule, flip.now.dead
