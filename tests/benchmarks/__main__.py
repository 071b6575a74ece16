"""`python -m tests.benchmarks`, or `make bench ARGS=…`: measured programs, each beside its baseline in the same run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

from cli.output import Json, out, print_json, say, table
from config import logging
from tests.benchmarks import assembly, intake, machine, memory, send
from tests.benchmarks.house import Ground, ground
from tests.benchmarks.measured import Measured

WIDE = 120  #: columns; a table of figures that is folded cannot be read


class Program(StrEnum):
    ASSEMBLY = "assembly"
    SEND = "send"
    INTAKE = "intake"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class Sizes:
    emails: int = 10_000
    events: int = 20_000
    people: tuple[int, ...] = (2_000, 10_000, 50_000)
    rounds: int = 3


#: Enough to see that the programs run and that nothing became many times slower; no figures to quote.
SHORT = Sizes(emails=1_000, events=2_000, rounds=1)


app = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]}
)


@app.command()
def main(
    programs: Annotated[list[Program] | None, typer.Argument(help="Which; all of them when none is named.")] = None,
    short: Annotated[bool, typer.Option("--short", help="Small sizes and no memory program: about a minute.")] = False,
    emails: Annotated[int | None, typer.Option(min=200, help="send: emails per run.")] = None,
    events: Annotated[int | None, typer.Option(min=1000, help="intake: events per run.")] = None,
    people: Annotated[list[int] | None, typer.Option(help="memory: people; repeat it, two sizes at least.")] = None,
    rounds: Annotated[int | None, typer.Option(min=1, help="Interleaved runs of which the median is taken.")] = None,
    as_json: Json = False,
) -> None:
    """Measure the product on this machine, each program beside its baseline in the same run.

    Servers: private ones, or those of TEST_AMQP_URL and TEST_MONGO_URL (tests/servers.py).
    """
    usual = SHORT if short else Sizes()
    sizes = Sizes(emails or usual.emails, events or usual.events, tuple(people or usual.people), rounds or usual.rounds)
    if people is not None and len(people) == 1:
        raise typer.BadParameter("memory compares sizes: give --people twice at least")
    logging.configure("warning")
    wanted = programs or ([Program.ASSEMBLY, Program.SEND, Program.INTAKE] if short else list(Program))
    with ground() as found:
        described = machine.described(*found.versions())
        measured = [_run(program, found, sizes) for program in wanted]
    if as_json:
        print_json({"machine": described, "programs": [each.as_json() for each in measured]})
        return
    _show(described, measured)


def _run(program: Program, on: Ground, sizes: Sizes) -> Measured:
    say(f"{program}: running")
    run: dict[Program, Callable[[], Measured]] = {
        Program.ASSEMBLY: lambda: assembly.measure(sizes.emails, sizes.rounds),
        Program.SEND: lambda: send.measure(on, sizes.emails, sizes.rounds),
        Program.INTAKE: lambda: intake.measure(on, sizes.events, sizes.rounds),
        Program.MEMORY: lambda: memory.measure(on, sizes.people),
    }
    return run[program]()


def _show(described: dict[str, str], measured: Sequence[Measured]) -> None:
    for name, text in described.items():
        out.print(f"{name}: {text}", markup=False, soft_wrap=True)
    for each in measured:
        out.print()
        out.print(table(each.title, each.columns, each.rows), width=max(out.width, WIDE), crop=False)
        out.print(*each.notes, sep="\n", markup=False, soft_wrap=True)
        out.print(f"Repeat: {each.command}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    app()
