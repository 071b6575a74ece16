"""`python -m tests.benchmarks`, or `make bench ARGS=…`: measured programs, each beside its baseline in the same run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

from cli.output import Json, out, print_json, say, table
from config import logging
from tests.benchmarks import (
    assembly,
    backlog,
    campaign,
    classification,
    feed,
    growth,
    hot,
    intake,
    latency,
    machine,
    memory,
    profile,
    review,
    send,
    series,
    sync,
    web,
)
from tests.benchmarks import (
    events as delivery_events,
)
from tests.benchmarks.house import Ground, ground
from tests.benchmarks.measured import Measured

WIDE = 120  #: columns; a table of figures that is folded cannot be read


class Program(StrEnum):
    ASSEMBLY = "assembly"
    SEND = "send"
    INTAKE = "intake"
    SYNC = "sync"
    REVIEW = "review"
    SERIES = "series"
    LATENCY = "latency"
    HOT = "hot"
    EVENTS = "events"
    FEED = "feed"
    WEB = "web"
    CLASSIFICATION = "classification"
    GROWTH = "growth"
    CAMPAIGN = "campaign"
    MEMORY = "memory"
    BACKLOG = "backlog"
    POISON = "poison"
    PROFILE = "profile"


#: What runs when none is named. `profile` has no figures to compare, and needs leave to look at processes.
ALL = tuple(program for program in Program if program is not Program.PROFILE)


@dataclass(frozen=True, slots=True)
class Sizes:
    emails: int = 10_000
    events: int = 20_000
    rate: int = 500  #: events a second, of latency
    records: int = 50_000
    people: tuple[int, ...] = (2_000, 10_000, 50_000)  #: of memory
    growth: tuple[int, ...] = (10_000, 100_000, 400_000)
    recipients: int = 400_000
    entering: int = 100_000  #: of series: people who enter at once
    messages: int = 1_000_000  #: of backlog; a tenth of it of poison
    seconds: float = 5  #: of web, for each run
    rounds: int = 3


#: Enough to see that the programs run and that nothing became many times slower; no figures to quote.
SHORT = Sizes(
    emails=1_000,
    events=2_000,
    records=4_000,
    growth=(500, 1_500),
    recipients=1_000,
    entering=2_000,
    messages=20_000,
    seconds=2,
    rounds=1,
)
#: Memory is left out: few people are fewer slices than a worker takes at once, and tell nothing.
IN_SHORT = tuple(program for program in ALL if program is not Program.MEMORY)


app = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]}
)


@app.command()
def main(
    programs: Annotated[list[Program] | None, typer.Argument(help="Which; all but profile when none is named.")] = None,
    short: Annotated[bool, typer.Option("--short", help="Small sizes and no memory program: about a minute.")] = False,
    emails: Annotated[int | None, typer.Option(min=200, help="send, assembly, feed, profile: emails per run.")] = None,
    events: Annotated[int | None, typer.Option(min=1000, help="intake, latency, hot, events: events per run.")] = None,
    rate: Annotated[int | None, typer.Option(min=1, help="latency: events a second.")] = None,
    records: Annotated[int | None, typer.Option(min=1000, help="sync: records; 200000 is a large CRM.")] = None,
    people: Annotated[
        list[int] | None, typer.Option(help="memory, growth: people; repeat it, two sizes at least.")
    ] = None,
    recipients: Annotated[int | None, typer.Option(min=200, help="campaign, review, series: people.")] = None,
    messages: Annotated[int | None, typer.Option(min=10_000, help="backlog: messages; poison: ten times its.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.5, help="web: seconds per run.")] = None,
    rounds: Annotated[int | None, typer.Option(min=1, help="Interleaved runs of which the median is taken.")] = None,
    as_json: Json = False,
) -> None:
    """Measure the product on this machine, each program beside its baseline in the same run.

    Servers: private ones, or those of TEST_AMQP_URL and TEST_MONGO_URL (tests/servers.py).
    """
    if people is not None and len(people) == 1:
        raise typer.BadParameter("memory and growth compare sizes: give --people twice at least")
    usual = SHORT if short else Sizes()
    sizes = Sizes(
        emails=emails or usual.emails,
        events=events or usual.events,
        rate=rate or usual.rate,
        records=records or usual.records,
        people=tuple(people or usual.people),
        growth=tuple(people or usual.growth),
        recipients=recipients or usual.recipients,
        entering=recipients or usual.entering,
        messages=messages or usual.messages,
        seconds=seconds or usual.seconds,
        rounds=rounds or usual.rounds,
    )
    logging.configure("warning")
    wanted = programs or (IN_SHORT if short else ALL)
    with ground() as found:
        described = machine.described(*found.versions())
        measured = (_run(program, found, sizes) for program in wanted)
        if as_json:
            print_json({"machine": described, "programs": [each.as_json() for each in measured]})
        else:
            _show(described, measured)


def _run(program: Program, on: Ground, sizes: Sizes) -> Measured:
    say(f"{program}: running")
    run: dict[Program, Callable[[], Measured]] = {
        Program.ASSEMBLY: lambda: assembly.measure(sizes.emails, sizes.rounds),
        Program.SEND: lambda: send.measure(on, sizes.emails, sizes.rounds),
        Program.INTAKE: lambda: intake.measure(on, sizes.events, sizes.rounds),
        Program.SYNC: lambda: sync.measure(on, sizes.records),
        Program.REVIEW: lambda: review.measure(on, sizes.recipients),
        Program.SERIES: lambda: series.measure(on, sizes.entering),
        Program.LATENCY: lambda: latency.measure(on, sizes.events, sizes.rate),
        Program.HOT: lambda: hot.measure(on, sizes.events, sizes.rounds),
        Program.EVENTS: lambda: delivery_events.measure(on, sizes.events, sizes.rounds),
        Program.FEED: lambda: feed.measure(on, sizes.emails, sizes.rounds),
        Program.WEB: lambda: web.measure(on, sizes.seconds, sizes.rounds),
        Program.CLASSIFICATION: classification.measure,
        Program.GROWTH: lambda: growth.measure(on, sizes.growth, sizes.rounds),
        Program.CAMPAIGN: lambda: campaign.measure(on, sizes.recipients),
        Program.MEMORY: lambda: memory.measure(on, sizes.people),
        Program.BACKLOG: lambda: backlog.measure(on, sizes.messages, sizes.messages // 20),
        Program.POISON: lambda: backlog.measure_poison(on, sizes.messages // 10, sizes.rounds),
        Program.PROFILE: lambda: profile.measure(on, sizes.emails),
    }
    return run[program]()


def _show(described: dict[str, str], measured: Iterable[Measured]) -> None:
    """Each table as soon as it is there: one that took a quarter of an hour outlives what goes wrong after it."""
    out.width = max(out.width, WIDE)
    for name, text in described.items():
        out.print(f"{name}: {text}", markup=False, soft_wrap=True)
    for each in measured:
        out.print()
        out.print(table(each.title, each.columns, each.rows), crop=False)
        out.print(*each.notes, sep="\n", markup=False, soft_wrap=True)
        out.print(f"Repeat: {each.command}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    app()
