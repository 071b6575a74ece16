"""How fast a campaign is sent by real worker processes, beside the bare loop in the same run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from cli.output import say
from domain.assembly import OutgoingMail
from tests.benchmarks import bare_smtp, newsletter, smtp_source
from tests.benchmarks.desk import Desk, desk
from tests.benchmarks.house import Ground, House
from tests.benchmarks.measured import SPEED_COLUMNS, Measured, Run, median, on_uvloop, speed_row
from tests.benchmarks.signing import share, signing
from tests.benchmarks.sinks import postfix_program, sink

READY_MAILS = 1000  #: different ones that the bare loop repeats: all of them would fill the memory
BARE, C, ONE, TWO, SIGNED = (
    "bare aiosmtplib loop", "smtp-source (C)", "send-batch, processes: 1", "send-batch, processes: 2",
    "send-batch, processes: 1, DKIM",
)  # fmt: skip
Way = Callable[[str], Awaitable[Run]]  #: one run under a name of its own


def measure(ground: Ground, emails: int, rounds: int) -> Measured:
    with ground.house() as house, sink(house.smtp_port) as taker:
        return on_uvloop(_measure(house, emails, rounds, taker.name))


async def _measure(house: House, emails: int, rounds: int, sink_name: str) -> Measured:
    async with desk(house) as its:
        await newsletter.seed_people(its.stores, emails, house.settings)
        mails = newsletter.mails(READY_MAILS, house.settings)
        ways: Mapping[str, Way] = {
            BARE: lambda _: bare_smtp.send(house.smtp_port, mails, emails),
            **_by_c(house, mails[0], emails),
            ONE: _through(its, emails, 1),
            TWO: _through(its, emails, 2),
            SIGNED: _through(its, emails, 1, signing(house)),
        }
        runs = await _interleaved(ways, rounds)
    size_kb = sum(len(mail.raw) for mail in mails) / len(mails) / 1000
    return Measured(
        program="send",
        title=f"send: {emails:,} emails of {size_kb:.1f} kB with {len(newsletter.FIELDS)} merge fields",
        columns=SPEED_COLUMNS,
        rows=tuple(speed_row(name, runs[name], runs[BARE]) for name in ways),
        notes=(
            f"Sink: {sink_name}. Emails per second: from publishing the first send-batch until no batch is open;",
            f"every row of the ledger then says sent. Bare loop, smtp-source: {bare_smtp.CONNECTIONS} connections, one",
            "process, ready bytes; they render nothing and store nothing.",
            _against_c(runs),
            f"DKIM: RSA-2048. Signing takes {share(runs[ONE], runs[SIGNED])}.",
            "CPU: of the sending processes alone; RabbitMQ, MongoDB and the sink take their share of the same cores.",
        ),
        command=f"make bench ARGS='send --emails {emails} --rounds {rounds}'",
    )


async def _interleaved(ways: Mapping[str, Way], rounds: int) -> Mapping[str, list[Run]]:
    runs: dict[str, list[Run]] = {name: [] for name in ways}
    for number in range(rounds):
        for place, (name, way) in enumerate(ways.items()):
            runs[name].append(await way(f"r{number}w{place}"))
        say(f"send: round {number + 1} of {rounds} is over")
    return runs


def _against_c(runs: Mapping[str, list[Run]]) -> str:
    if C not in runs:
        return "smtp-source is not to be had here: it comes with Postfix."
    one, two = (median(runs[name]) / median(runs[C]) for name in (ONE, TWO))
    return f"Against smtp-source, which writes one ready mail: one process {one:.2f}, two {two:.2f}."


def _through(its: Desk, emails: int, processes: int, settings: Mapping[str, str] | None = None) -> Way:
    async def way(name: str) -> Run:
        return (await its.through_workers(emails, processes, name, **(settings or {})))[0]

    return way


def _by_c(house: House, mail: OutgoingMail, emails: int) -> Mapping[str, Way]:
    """Nothing where Postfix is not to be had."""
    program = postfix_program("smtp-source")
    return {C: lambda _: smtp_source.send(program, house.smtp_port, mail, emails)} if program else {}
