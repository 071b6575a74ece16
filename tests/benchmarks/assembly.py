"""Writing emails, without any server: ours, ours signed, and the standard library's as the baseline."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from domain.assembly import Assembler, Recipient
from domain.campaign import Sender
from domain.dkim_key import RELAY_SIGNS
from domain.mailer import mailer_of, recipient_of
from domain.organisation import Organisation
from domain.tracking import SigningKey, SigningKeys
from tests.benchmarks.measured import SPEED_COLUMNS, Measured, Run, speed_row
from tests.benchmarks.newsletter import campaign, people, row
from tests.domain.dkim_world import keys_of

PROGRAM = "assembly"
_ORGANISATION = Organisation("Green Ltd", "1 Garden Lane, Springfield", public_url="https://t.green.example")
_KEYS = SigningKeys((SigningKey(0, b"k" * 32),))
_NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_STDLIB_SHARE = 20  #: it writes so many times fewer, or the program would wait for it alone


def measure(emails: int, rounds: int) -> Measured:
    """Interleaved runs on one core."""
    of = campaign("ready", 1, 1)
    recipients = [recipient_of(row(of, person, 0), person) for person in people(emails, b"k" * 32)]
    plain = mailer_of(of, _ORGANISATION, _KEYS, RELAY_SIGNS)
    signed = mailer_of(of, _ORGANISATION, _KEYS, keys_of(of.sender.domain))
    few = recipients[: max(1, emails // _STDLIB_SHARE)]
    runs: dict[str, list[Run]] = {"EmailMessage": [], "ours": [], "ours, signed": []}
    for _ in range(rounds):
        runs["EmailMessage"].append(_timed(few, lambda recipient: _stdlib(plain, of.sender, recipient)))
        runs["ours"].append(_timed(recipients, lambda recipient: plain.mail(recipient, now=_NOW).raw))
        runs["ours, signed"].append(_timed(recipients, lambda recipient: signed.mail(recipient, now=_NOW).raw))
    rows = tuple(speed_row(name, found, runs["EmailMessage"]) for name, found in runs.items())
    notes = (
        f"{emails:,} emails of {len(plain.mail(recipients[0], now=_NOW).raw):,} bytes with ten merge fields, one core;",
        "EmailMessage: rendering by ours, headers and encoding by the standard library; signed: DKIM, RSA-2048.",
    )
    return Measured(PROGRAM, "Writing emails", SPEED_COLUMNS, rows, notes, f"make bench ARGS={PROGRAM}")


def _timed(recipients: Sequence[Recipient], write: Callable[[Recipient], bytes]) -> Run:
    began, cpu = time.perf_counter(), time.process_time()
    for recipient in recipients:
        write(recipient)
    return Run(len(recipients), time.perf_counter() - began, time.process_time() - cpu)


def _stdlib(renderer: Assembler, sender: Sender, recipient: Recipient) -> bytes:
    """The same email as whoever takes the standard library would write it."""
    said = renderer.preview(recipient)
    message = EmailMessage(policy=SMTP)
    message["From"] = f"{sender.name} <{sender.address}>"
    message["To"] = f"{recipient.name} <{recipient.address}>"
    message["Subject"] = said.subject
    message["Date"] = format_datetime(_NOW)
    message["Message-ID"] = f"<{recipient.message_id}>"
    message.set_content(said.text)
    message.add_alternative(said.html or "", subtype="html")
    return message.as_bytes()
