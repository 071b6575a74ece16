"""Mail that comes back: which event it becomes, and of whom; what is forged changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from domain.classification.classified import Classified, MailKind
from domain.classification.mail import classify
from domain.errors import StoreUnavailable
from domain.inbound_addresses import Accepted, Purpose, address_for
from domain.inbound_mail import ArrivedMail
from domain.tracking import SigningKey, SigningKeys
from handlers import inbound_events
from handlers.inbound_mail import InboundReader, Read
from handlers.token_reader import TokenReader
from messages.delivery_event import DeliveryEvent, EventType, Evidence
from tests.builders import ADDRESS_KEY, NOW, a_campaign, a_contact, an_email, an_id
from tests.domain.classification.hostile import hostile
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.contacts import MemoryContacts
from tests.fakes.unattributed import MemoryUnattributed
from tests.handlers.inbound_mails import arf, dsn, letter

KEYS = SigningKeys((SigningKey(0, b"a-signing-key-for-tests"),))
ANN, BOB = an_email("ann@example.com"), an_email("bob@example.com")
DOMAIN = "bounces.example"


def to(purpose: Purpose, email: str = ANN.id) -> str:
    return address_for(purpose, email, DOMAIN, KEYS)


BOUNCE, REPLY, UNSUBSCRIBE = to(Purpose.BOUNCE), to(Purpose.REPLY), to(Purpose.UNSUBSCRIBE)


class House:
    """A reader with one campaign and two people."""

    def __init__(self, domains: frozenset[str] = frozenset({DOMAIN}), *, trusts: bool = False) -> None:
        self.reports = MemoryUnattributed()
        self.reader = InboundReader(
            TokenReader(MemoryCampaigns(a_campaign()), iter(range(0, 10**6, 10)).__next__),  # ten seconds a look
            Accepted(KEYS),
            MemoryContacts(a_contact("ann@example.com"), a_contact("bob@example.com")),
            self.reports,
            ADDRESS_KEY,
            lambda: NOW,
            domains,
            trusts,
        )

    async def read(self, raw: bytes, *recipients: str, sender: str = "") -> Read:
        return await self.reader(ArrivedMail(sender, recipients, raw))

    async def event(self, raw: bytes, recipient: str) -> DeliveryEvent:
        read = await self.read(raw, recipient)
        [event] = read.events
        assert isinstance(event, DeliveryEvent)
        assert self.reports.stored == {}
        return event


@pytest.fixture
def house() -> House:
    return House()


def proof(event: DeliveryEvent) -> Evidence:
    assert event.evidence is not None
    return event.evidence


async def test_a_report_to_a_signed_address_is_a_bounce_with_its_evidence(house: House) -> None:
    raw = dsn("ann@example.com")
    event = await house.event(raw, BOUNCE)
    assert (event.event, event.email_id, event.occurred_at) == (EventType.BOUNCED, ANN.id, NOW)
    found = proof(event)
    assert (found.code, found.enhanced, found.reason, found.source) == (550, "5.1.1", "user_unknown", "dsn")
    assert (found.confidence, found.hearsay) == ("text", None)
    assert found.rule is not None
    assert found.rule.startswith("text:")
    assert found.raw == raw.decode()


async def test_the_same_mail_twice_is_one_event_and_another_mail_is_another(house: House) -> None:
    first = await house.event(dsn("ann@example.com"), BOUNCE)
    again = await house.event(dsn("ann@example.com", said="550 gone"), BOUNCE)
    assert first.event_id == again.event_id, "one Message-ID"
    other = await house.event(dsn("ann@example.com", message_id="<dsn-2@mx.there.example>"), BOUNCE)
    of_bob = await house.event(dsn("bob@example.com"), to(Purpose.BOUNCE, BOB.id))
    assert len({first.event_id, other.event_id, of_bob.event_id}) == 3
    nameless = dsn("ann@example.com").replace(b"Message-ID: <dsn-1@mx.there.example>\r\n", b"")
    assert (await house.event(nameless, BOUNCE)).event_id == (await house.event(nameless, BOUNCE)).event_id


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (dsn("ann@example.com", action="delayed", status="4.2.2", said="452 4.2.2 over quota"), EventType.DEFERRED),
        (dsn("ann@example.com", action="delivered", status="2.0.0", said="250 ok"), EventType.DELIVERED),
        (arf(), EventType.COMPLAINED),
        (arf(kind="opt-out"), EventType.UNSUBSCRIBED),
        (letter("Please unsubscribe me."), EventType.UNSUBSCRIBED),
        (letter("Nice offer, call me on Monday."), EventType.REPLIED),
        (letter("I am away until 5 May.", headers={"Auto-Submitted": "auto-replied"}), EventType.AUTOREPLY),
    ],
)
async def test_each_kind_of_mail_is_the_event_of_its_kind(house: House, raw: bytes, expected: EventType) -> None:
    event = await house.event(raw, BOUNCE)
    assert (event.event, event.email_id) == (expected, ANN.id)


FIXTURES = Path(__file__).parents[1] / "domain" / "classification" / "mails"
#: What each kind of mail becomes at each kind of address; None: nothing.
HEARD: Mapping[tuple[str, Purpose], EventType | None] = {
    ("bounce-exim-no-user", Purpose.BOUNCE): EventType.BOUNCED,
    ("bounce-exim-no-user", Purpose.REPLY): EventType.BOUNCED,
    ("bounce-exim-no-user", Purpose.UNSUBSCRIBE): None,
    ("bounce-exim-no-user", Purpose.FEEDBACK): None,
    ("complaint-jmrp", Purpose.FEEDBACK): EventType.COMPLAINED,
    ("complaint-arf-fraud", Purpose.BOUNCE): EventType.COMPLAINED,
    ("complaint-arf-abuse", Purpose.UNSUBSCRIBE): None,
    ("report-arf-not-spam", Purpose.FEEDBACK): None,
    ("report-dmarc", Purpose.BOUNCE): None,
    ("unsubscribe-arf-opt-out", Purpose.FEEDBACK): EventType.UNSUBSCRIBED,
    ("unsubscribe-german", Purpose.REPLY): EventType.UNSUBSCRIBED,
    ("reply-plain", Purpose.REPLY): EventType.REPLIED,
    ("reply-plain", Purpose.UNSUBSCRIBE): EventType.UNSUBSCRIBED,
    ("reply-plain", Purpose.FEEDBACK): None,
    ("autoreply-french", Purpose.BOUNCE): EventType.AUTOREPLY,
    ("autoreply-left", Purpose.REPLY): EventType.AUTOREPLY,
    ("read_receipt-displayed", Purpose.BOUNCE): EventType.DELIVERED,
    ("calendar-accepted", Purpose.REPLY): EventType.DELIVERED,
    ("challenge-tmda", Purpose.BOUNCE): EventType.DEFERRED,
    ("other-mailman", Purpose.BOUNCE): None,
}


@pytest.mark.parametrize(("fixture", "purpose"), HEARD)
async def test_what_is_heard_at_an_address(house: House, fixture: str, purpose: Purpose) -> None:
    read = await house.read((FIXTURES / f"{fixture}.eml").read_bytes(), to(purpose))
    found = [event.event for event in read.events if isinstance(event, DeliveryEvent)]
    expected = HEARD[fixture, purpose]
    assert found == ([expected] if expected else [])
    assert [(one.why, one.contact_ids) for one in house.reports.stored.values()] == (
        [] if expected else [("says_nothing", (ANN.contact_id,))]
    )


async def test_of_a_thousand_reported_the_one_counts_that_the_token_names(house: House) -> None:
    others = [f"p{n}@example.com" for n in range(999)]
    event = await house.event(dsn(*others[:500], "ann@example.com", *others[500:]), BOUNCE)
    assert (event.email_id, proof(event).hearsay, proof(event).reason) == (ANN.id, None, "user_unknown")


async def test_who_is_reported_beside_the_one_mailed_is_not_concerned(house: House) -> None:
    """A forwarded mailbox: that bob's is gone proves nothing of ann's."""
    event = await house.event(dsn("bob@example.com"), BOUNCE)
    assert (event.event, event.email_id, proof(event).hearsay) == (EventType.BOUNCED, ANN.id, True)


async def test_a_mailbox_under_the_name_of_its_server_is_the_one_mailed(house: House) -> None:
    event = await house.event(dsn("ann@mx3.example.com", returned={"To": "Ann <ann@example.com>"}), BOUNCE)
    assert proof(event).hearsay is None
    event = await house.event(dsn("zoe@mx3.example.com", returned={"To": "Ann <ann@example.com>"}), BOUNCE)
    assert proof(event).hearsay is True


@pytest.mark.parametrize(
    ("written", "reported", "hearsay"),
    [
        ("jane@corp.example", "jane@corp.example", None),
        ("jane@corp.example", "Jane@MX3.corp.example", None),
        ("jane@news.corp.example", "jane@corp.example", None),
        ("jane@corp.example", "jane@corp.onmicrosoft.com", None),
        ("jane@bücher.example", "jane@mx.xn--bcher-kva.example", None),
        ("jane@corp.example", "jane@gmail.com", True),
        ("jane@corp.example", "jane@other.onmicrosoft.com", True),
        ("jane@corp.example", "jane@evilcorp.example", True),
        ("jane@corp.example", "jane@corp.example.net", True),
        ("jane@corp.example", "jane@example", True),
        ("jane@corp.example", "jane.doe@corp.example", True),
    ],
)
async def test_the_same_name_at_another_house_is_another_mailbox(
    house: House, written: str, reported: str, hearsay: bool | None
) -> None:
    """Forwarded there, and dead there: nothing is known of the mailbox that was mailed."""
    to_jane = to(Purpose.BOUNCE, an_email(written).id)
    event = await house.event(dsn(reported, returned={"To": f"Jane <{written}>"}), to_jane)
    assert (event.event, proof(event).hearsay) == (EventType.BOUNCED, hearsay)


@pytest.mark.parametrize(
    ("final", "original", "actual", "hearsay"),
    [
        ("bob@elsewhere.example", "ann@example.com", None, True),  # Postfix: her .forward names bob, and keeps a copy
        ("ann@example.com", None, "bob@elsewhere.example", True),  # Sendmail: the same
        ("ann@example.com", "ann@example.com", "bob@elsewhere.example", True),
        ("ann.smith@example.com", "ann@example.com", None, True),  # an alias, or a list with other members
        ("Ann@Example.com", "ann@example.com", "ann@mx3.example.com", None),
        ("ann@mx3.example.com", "ann@example.com", None, None),
        ("ann@example.com", "someone@list.example", None, True),
    ],
)
async def test_who_forwards_her_mail_is_not_dead_where_it_goes(
    house: House, final: str, original: str | None, actual: str | None, hearsay: bool | None
) -> None:
    """RFC 3464: Original-Recipient (2.3.1) is who was mailed, Final-Recipient (2.3.2) whom the report is about."""
    event = await house.event(dsn(final, original=original, actual=actual), BOUNCE)
    assert (event.event, event.email_id, proof(event).hearsay) == (EventType.BOUNCED, ANN.id, hearsay)
    assert proof(event).reason == "user_unknown", "it is counted, and strikes"


async def test_of_her_mailbox_and_where_it_forwards_to_her_mailbox_counts(house: House) -> None:
    """Both are told of in one report: the copy she keeps was taken."""
    forwarded = dsn("bob@elsewhere.example", original="ann@example.com")
    kept = b"Final-Recipient: rfc822; ann@example.com\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n"
    at = forwarded.index(b"Final-Recipient")
    event = await house.event(forwarded[:at] + kept + forwarded[at:], BOUNCE)
    assert (event.event, proof(event).hearsay) == (EventType.DELIVERED, None)


async def test_a_bounce_to_a_reply_address_is_never_proof(house: House) -> None:
    """That address stands in the mail, and is passed on with it."""
    assert proof(await house.event(dsn("ann@example.com"), REPLY)).hearsay is True


async def test_what_names_nobody_at_a_signed_address_is_of_whom_it_names(house: House) -> None:
    raw = letter("The user is unknown.", sender="MAILER-DAEMON@there.example", subject="failure notice")
    event = await house.event(raw, BOUNCE)
    assert (event.event, event.email_id, proof(event).hearsay) == (EventType.BOUNCED, ANN.id, None)


RETURNED = {"Message-ID": f"<{ANN.message_id}>", "To": "ann@example.com", "Return-Path": f"<{BOUNCE}>"}


@pytest.mark.parametrize(
    ("returned", "hearsay"),
    [
        (RETURNED, None),
        ({"Message-ID": f"<{ANN.message_id}>"}, True),
        ({"List-Unsubscribe": f"<mailto:{UNSUBSCRIBE}?subject=unsubscribe>"}, True),
    ],
)
async def test_a_bounce_without_a_token_needs_the_token_of_the_returned_mail(
    house: House, returned: Mapping[str, str], hearsay: bool | None
) -> None:
    event = await house.event(dsn("ann@example.com", returned=returned), f"postmaster@{DOMAIN}")
    assert (event.event, event.email_id, proof(event).hearsay) == (EventType.BOUNCED, ANN.id, hearsay)


@pytest.mark.parametrize(
    "returned",
    [
        {"Subject": "Spring"},
        {"Message-ID": f"<{an_email(campaign_id='other').message_id}>"},
        {"Message-ID": f"<{an_email('stranger@example.com').message_id}>"},
        {"Return-Path": BOUNCE.replace(BOUNCE[20:24], "aaaa")},
    ],
)
async def test_a_bounce_of_nothing_of_ours_is_kept_and_changes_nothing(
    house: House, returned: Mapping[str, str]
) -> None:
    for _ in range(2):
        read = await house.read(dsn("ann@example.com", returned=returned), f"Postmaster@{DOMAIN}")
        assert (read.kind, read.events, read.for_nobody) == (MailKind.BOUNCE, (), False)
    [kept] = house.reports.stored.values()
    assert (kept.why, kept.contact_ids, kept.kind) == ("no_token", (an_id("ann@example.com"),), "bounce")


async def test_a_complaint_at_the_one_address_of_a_feedback_loop_finds_its_mail(house: House) -> None:
    event = await house.event(arf(returned=RETURNED), f"fbl@{DOMAIN}")
    assert (event.event, event.email_id) == (EventType.COMPLAINED, ANN.id)


@pytest.mark.parametrize("trusts", [False, True])
async def test_a_complaint_that_only_quotes_a_message_id_suppresses_nobody(trusts: bool) -> None:
    """Public replies quote it in References; who has to believe such a feedback loop can say so."""
    house = House(trusts=trusts)
    read = await house.read(arf(returned={"Message-ID": f"<{ANN.message_id}>"}), f"fbl@{DOMAIN}")
    assert [event.event for event in read.events] == ([EventType.COMPLAINED] if trusts else [])
    kept = [(one.kind, one.why) for one in house.reports.stored.values()]
    assert kept == ([] if trusts else [("complaint", "no_token")])


@pytest.mark.parametrize(("sender", "heard"), [("ann@example.com", True), ("bob@example.com", False)])
async def test_a_person_without_a_token_is_heard_only_from_her_own_address(sender: str, heard: bool) -> None:
    for text in ("Thank you!", "unsubscribe"):
        house = House()
        raw = letter(text, sender=sender, headers={"In-Reply-To": f"<{ANN.message_id}>"})
        read = await house.read(raw, f"replies@{DOMAIN}")
        assert bool(read.events) is heard


async def test_a_persons_mail_to_nobody_is_refused_and_not_kept(house: House) -> None:
    read = await house.read(letter("Hello postmaster, are you there?"), f"postmaster@{DOMAIN}")
    assert (read.for_nobody, read.events, house.reports.stored) == (True, (), {})


async def test_a_mail_for_a_hundred_is_read_once_for_each_kind_of_address(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def counting(raw: bytes, *, sent_to: str) -> Classified:
        read.append(sent_to)
        return classify(raw, sent_to=sent_to)

    monkeypatch.setattr(inbound_events, "classify", counting)
    many = [to(Purpose.BOUNCE, an_email(f"p{n}@example.com").id) for n in range(99)]
    found = await house.read(dsn("ann@example.com"), *many, REPLY)
    assert (len(found.events), len(read)) == (100, 2)


async def test_each_recipient_of_one_mail_is_served(house: House) -> None:
    read = await house.read(dsn("ann@example.com", "bob@example.com"), BOUNCE, to(Purpose.BOUNCE, BOB.id), BOUNCE)
    events = [event for event in read.events if isinstance(event, DeliveryEvent)]
    assert [event.email_id for event in events] == [ANN.id, BOB.id]
    assert {proof(event).hearsay for event in events} == {None}


@pytest.mark.parametrize(
    ("address", "ours", "known"),
    [
        (BOUNCE, True, True),
        (BOUNCE.upper(), True, True),
        (f"postmaster@{DOMAIN}", True, True),
        (f"someone@{DOMAIN}", True, False),
        (f"b+{'a' * 48}@{DOMAIN}", True, False),
        (BOUNCE.replace("b+", "u+", 1), True, False),
        (address_for(Purpose.BOUNCE, an_email(campaign_id="other").id, DOMAIN, KEYS), True, False),
        ("ann@elsewhere.example", False, False),
        ("", False, False),
    ],
)
async def test_which_recipients_are_ours(address: str, ours: bool, known: bool) -> None:
    reader = House().reader
    assert reader.is_ours(address) is ours
    assert await reader.knows(address) is known


async def test_without_a_domain_only_signed_addresses_are_ours() -> None:
    reader = House(frozenset()).reader
    assert reader.is_ours(address_for(Purpose.BOUNCE, ANN.id, "mail.green.example", KEYS))
    assert not reader.is_ours("postmaster@mail.green.example")


async def test_trouble_with_the_store_is_told_and_loses_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(_: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(house.reports, "add", away)
    with pytest.raises(StoreUnavailable):
        await house.read(dsn("ann@example.com"), f"postmaster@{DOMAIN}")


async def test_no_mail_breaks_it(house: House) -> None:
    for name, raw in hostile():
        if len(raw) > 2 * 10**6:
            continue  # the listener takes ten
        read = await house.read(raw, BOUNCE, f"postmaster@{DOMAIN}")
        assert read.kind, name
