"""The demo's way through the product: the commands that a person would type, one after the other."""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import dataclass
from pathlib import Path

from cli import context
from cli.demo import looks, people
from cli.demo.answers import Answers, answers
from cli.demo.looks import DemoFailed, Looks
from cli.output import out, say
from domain.email import Email, EmailState
from repositories.stores import Stores
from workers.resources import now

CAMPAIGN, LIST, TOPIC = "autumn-news", "newsletter", "product-news"
MODULES = ("Leads", "Contacts")
TOPIC_LEAVERS = 12
#: What the places of the template are filled with.
NEWS = {
    "kicker": "AUTUMN",
    "headline": "Good to see you, {{ first_name | default('dear reader') }}",
    "introduction": "What changed over the summer, and what it means for {{ company | default('you') }}.",
    "story_title": "The new warehouse in Malmö is open",
    "story_text": "Orders from the north leave a day earlier now. Nothing changes for you but the date on the parcel.",
    "left_title": "Visit us",
    "left_text": "An open day for customers on 12 December, with coffee and a look behind the gates.",
    "right_title": "Fewer boxes",
    "right_text": "Small orders travel in paper bags from now on.",
}
TESTER = "marketing@northwind.example"


@dataclass(frozen=True, slots=True)
class Story:
    size: int
    place: Path  #: where the CSV files go
    mails: Path | None  #: where the catcher keeps what it accepted; None: somebody else's catcher
    looks: Looks

    def tell(self) -> None:
        """
        Raises:
            DemoFailed: the books do not balance, a number is wrong, or somebody got the mail twice.
        """
        self._crm()
        self._sync()
        self._campaign()
        self._send()
        self._answer()
        self._ending()

    def _crm(self) -> None:
        _chapter(f"A CRM of {self.size:,} people publishes its records to RabbitMQ")
        self.place.mkdir(parents=True, exist_ok=True)
        for module, file in zip(MODULES, people.write(self.place, self.size), strict=True):
            _campaigns("import", str(file), "--module", module)
        self.looks.until(looks.records_stored, lambda count: count >= self.size, f"{self.size:,} records stored")

    def _sync(self) -> None:
        _chapter("Syncs carry them into a mailing list")
        _campaigns("list", "create", LIST, "--name", "Northwind news", "--message", "You asked for our news.")
        _campaigns("topic", "create", TOPIC, "--name", "Product news")
        _campaigns("topic", "create", "events", "--name", "Events")
        for module in MODULES:
            _campaigns("sync", "create", module.lower(), "--module", module, "--list", LIST, "--topic", TOPIC)
            _campaigns("sync", "initiate", module.lower())
        leaving = [person.email for person in people.ordinary(self.size)[::7][:TOPIC_LEAVERS]]
        _campaigns("topic", "leave", TOPIC, *leaving, "--instead", "events")

    def _campaign(self) -> None:
        _chapter("A campaign, from a pre-designed template")
        _campaigns(
            "campaign", "create", CAMPAIGN, "--name", "Autumn news", "--template", "newsletter",
            "--subject", "{{ first_name | default('Hello') }}, our autumn news", "--preheader", "New this season",
            "--from-address", "news@northwind.example", "--module", "Leads", "--module", "Contacts",
            "--list", LIST, "--topic", TOPIC,
            *(option for place, text in NEWS.items() for option in ("--fill", f"{place}={text}")),
        )  # fmt: skip
        _campaigns("campaign", "test", CAMPAIGN, "--to", TESTER, "--value", "first_name=Anna")
        _campaigns("campaign", "review", CAMPAIGN, "--yes")

    def _send(self) -> None:
        _chapter("Sending")
        say("A mail that is deferred is tried again after seconds here; in real life after 15 minutes to 12 hours.")
        _campaigns("campaign", "send", CAMPAIGN, "--yes")

    def _answer(self) -> None:
        _chapter("People answer; every event is published twice and in disorder, and counts once")
        told: Answers = answers(self.looks.once(looks.sent(CAMPAIGN)), now())
        asyncio.run(context.publish(self.looks.settings, told.events, deadline_s=60.0))
        what = f"{len(told.events):,} delivery events published and applied"
        self.looks.until(looks.summary(CAMPAIGN), lambda found: looks.agrees(found, told), what)

    def _ending(self) -> None:
        _chapter("What came of it")
        _campaigns("campaign", "show", CAMPAIGN)
        _campaigns("campaign", "summary", CAMPAIGN)
        if example := self.looks.once(_deferred_then_sent):
            _campaigns("explain", CAMPAIGN, example.address)
        self._compare()

    def _compare(self) -> None:
        """The ledger against what the SMTP server holds."""
        books = self.looks.once(looks.books(CAMPAIGN))
        if not books.closed:
            raise DemoFailed("the books do not balance")
        if self.mails is None:
            return
        caught = looks.caught_people(self.mails, but=TESTER)
        sent, twice = books.count(EmailState.SENT), [person for person, count in caught.items() if count > 1]
        if len(caught) != sent or twice:
            raise DemoFailed(
                f"the ledger says {sent:,} sent; the server has {len(caught):,} people, {len(twice)} twice"
            )
        out.print(
            f"\n[bold green]The ledger says {sent:,} sent; the SMTP server holds one mail for each of "
            f"{len(caught):,} people: nobody twice, nobody missed.[/]\nLook at them in {self.mails}",
            soft_wrap=True,
        )


def _chapter(title: str) -> None:
    out.print(f"\n[bold]{title}[/]")


def _campaigns(*arguments: str) -> None:
    """Run a command as it would be typed; what it prints is the demo."""
    from cli.main import app  # the command line has the demo in it

    out.print(f"$ campaigns {_typed(arguments)}", style="blue", markup=False, soft_wrap=True)
    if code := app(list(arguments), standalone_mode=False):
        raise DemoFailed(f"`campaigns {arguments[0]}` ended with exit code {code}")


def _typed(arguments: tuple[str, ...], most: int = 6) -> str:
    shown = [shlex.quote(argument) for argument in arguments]
    addresses = [place for place, argument in enumerate(arguments) if "@" in argument and "-" not in argument[:1]]
    if len(addresses) > most:
        shown[addresses[2] : addresses[-1] + 1] = ["…"]
    return " ".join(shown)


async def _deferred_then_sent(stores: Stores) -> Email | None:
    """Somebody whose mail was put off first, if there is one."""
    async for row in stores.emails.activity(CAMPAIGN, "opened", limit=0):
        if row.state is EmailState.SENT and row.attempts > 1:
            return row
    return None
