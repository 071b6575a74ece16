"""`python -m tests.chaos`, or `make chaos ARGS=…`: nothing lost and nothing twice, while everything breaks.

A campaign is sent by real worker processes over private servers, which are killed, restarted and cut off meanwhile.
At its end three sources are compared: the ledger, what the SMTP server wrote down, and the messages that are left.
Exit code 0: every promise was kept; 1: one was not; 3: the servers cannot be had here.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from cli.embedded import CannotStart
from cli.output import out, say, table, tell
from config import logging
from tests.chaos import partition
from tests.chaos.plan import CLUSTER, FULL, PARTITION, SHORT, Fault, planned
from tests.chaos.record import first_after, longest_silence
from tests.chaos.run import Outcome, Wanted, run
from tests.chaos.sink import Verdict as Said
from tests.chaos.verdict import Verdict, judged

EMAILS, EMAILS_SHORT = 20_000, 3_000
AFTERMATH_S = 1.0  #: a silence that begins later has another reason

app = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]}
)


@app.command()
def main(
    short: Annotated[bool, typer.Option("--short", help="3,000 emails, ten faults: about 90 s.")] = False,
    emails: Annotated[int | None, typer.Option(min=100, help="How many; 20,000 if not said.")] = None,
    senders: Annotated[int, typer.Option(min=1, help="Send worker processes.")] = 3,
    seed: Annotated[int | None, typer.Option(help="Of the faults; drawn and told if not said.")] = None,
    minutes: Annotated[float, typer.Option(min=0.5, help="By then it must be over.")] = 15,
    cluster: Annotated[bool, typer.Option("--cluster", help="Three RabbitMQ nodes; one at a time fails.")] = False,
    partitions: Annotated[
        bool, typer.Option("--partitions", help="And are cut off from each other; needs root, unshare and iptables.")
    ] = False,
    keep: Annotated[Path | None, typer.Option(help="Directory for logs and data, which stay.")] = None,
) -> None:
    """Send a campaign while workers, servers and connections are killed, and compare what came of it."""
    logging.configure("warning")
    if partitions:
        _apart()
    chosen = random.SystemRandom().randrange(1 << 31) if seed is None else seed
    count = emails or (EMAILS_SHORT if short else EMAILS)
    kinds = Counter(SHORT if short else FULL)
    kinds += Counter(CLUSTER if cluster or partitions else {}) + Counter(PARTITION if partitions else {})
    with ExitStack() as stack:
        directory = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="campaigns-chaos-")))
        directory.mkdir(parents=True, exist_ok=True)
        nodes = 3 if cluster or partitions else 1
        wanted = Wanted(count, senders, nodes, chosen, minutes * 60, directory.absolute())
        outcome = _ran(wanted, planned(chosen, count, kinds))
    verdict = judged(outcome.evidence)
    _show(wanted, outcome, verdict)
    options = {"--short": short, "--cluster": cluster, "--partitions": partitions}
    words = [name for name, given in options.items() if given]
    tell(f"Repeat: make chaos ARGS='{' '.join([*words, f'--emails {count} --senders {senders} --seed {chosen}'])}'")
    raise typer.Exit(1 if verdict.broken else 0)


def _apart() -> None:
    """In a network of its own from here on; the program ends when that cannot be had."""
    try:
        partition.enter()
    except CannotStart as error:
        say(str(error))
        raise typer.Exit(3) from error


def _ran(wanted: Wanted, plan: Sequence[Fault]) -> Outcome:
    """The run; the program ends when servers cannot be had here."""
    try:
        say(f"Seed {wanted.seed}: {wanted.emails:,} emails, faults: {len(plan)}")
        return run(wanted, plan)
    except CannotStart as error:
        say(str(error))
        raise typer.Exit(3) from error


def _show(wanted: Wanted, outcome: Outcome, verdict: Verdict) -> None:
    tell(f"{outcome.versions}; send workers: {wanted.senders}, claim window {outcome.evidence.claim_window}")
    columns = ("fault", "times", "mended s", "next mail s", "silence s")
    out.print(table("\nFaults, and the worst of each kind", columns, _felt(outcome)))
    out.print(table("What three sources say", ("emails", "count", "promised"), _rows(wanted, verdict)))
    tell(f"Sent in {outcome.seconds:.0f} s, faults and all.")
    for words in verdict.broken:
        tell(f"BROKEN: {words}")
    tell("Every promise was kept." if not verdict.broken else f"Promises broken: {len(verdict.broken)}.")


def _felt(outcome: Outcome) -> list[Sequence[object]]:
    """Seconds, the worst of each kind: until what was broken ran again, until the next mail, and without any mail.

    Mails are those that the SMTP server took, from whichever worker.
    """
    times = sorted(line.at for line in outcome.evidence.record if line.verdict is Said.ACCEPTED)
    rows: list[Sequence[object]] = []
    for kind in dict.fromkeys(each.kind for each in outcome.happened):
        alike = [each for each in outcome.happened if each.kind is kind]
        mended = max(each.mended_at - each.at for each in alike)
        recovered = max((first_after(times, each.at) or 0.0) for each in alike)
        silence = max(longest_silence(times, each.at, each.mended_at + AFTERMATH_S) for each in alike)
        rows.append((kind.value, len(alike), round(mended, 1), round(recovered, 1), round(silence, 1)))
    return rows


def _rows(wanted: Wanted, verdict: Verdict) -> list[Sequence[object]]:
    return [
        ("planned", wanted.emails, ""),
        ("sent: the ledger says so, and the server has it", verdict.sent, ""),
        ("lost", verdict.lost, "0"),
        ("twice", verdict.twice, "0"),
        ("arrived, and the ledger does not know", verdict.unexplained, "0"),
        ("in doubt", verdict.doubts, f"at most {verdict.doubts_allowed:,}"),
        ("   of these had arrived", verdict.doubts_arrived, ""),
        ("   of these had not", verdict.doubts_not_arrived, ""),
    ]


if __name__ == "__main__":
    app()
