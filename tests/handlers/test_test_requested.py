"""Test mails, R68 and R69."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from pydantic import ValidationError

from domain.contact import ContactField
from domain.delivery import Wire
from domain.dkim_key import RELAY_SIGNS
from domain.eligibility import SuppressionReason
from domain.email import is_nobodys
from domain.errors import InvalidDefinition, NotReady, RelayUnavailable, TemplateInvalid, TestRefused, UnknownCampaign
from domain.smtp_reply import Reply
from handlers.record_reader import RecordReader
from handlers.review_people import People
from handlers.test_requested import TestSender
from messages.test_requested import TestRequested
from tests.builders import ADDRESS_KEY, NOW, a_contact, a_record, a_stamp, a_suppression, an_email
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.contacts import MemoryContacts
from tests.fakes.leases import MemoryLeases
from tests.fakes.modules import MemoryModules
from tests.fakes.records import MemoryRecords
from tests.fakes.relay import Answer, MemoryRelay
from tests.fakes.selections import MemorySelections
from tests.fakes.suppressions import MemorySuppressions
from tests.fakes.syncs import MemorySyncs
from tests.fakes.test_mails import MemoryTestMails
from tests.handlers.reviewing import GREEN, KEYS, a_draft, content


def request(*addresses: str, **overrides: Any) -> TestRequested:
    wanted = list(addresses) or ["tester@green.example"]
    return TestRequested.model_validate({"campaign_id": "spring", "addresses": wanted, "request_id": "t1", **overrides})


class Desk:
    def __init__(self, answers: dict[str, list[Answer]] | None = None, **campaign: Any) -> None:
        text = content(html=None, text="Dear {{ first_name|default('friend') }}, {{ unsubscribe_url }}")
        self.campaigns = MemoryCampaigns(a_draft(**{"content": text, **campaign}))
        self.relay = MemoryRelay(answers)
        self.outcomes = MemoryTestMails()
        self.suppressions = MemorySuppressions()
        fields = {"first_name": ContactField("Zoe", a_stamp()), "last_name": ContactField("Zed", a_stamp())}
        contacts = MemoryContacts(a_contact("zoe@example.com", fields=fields))
        records = MemoryRecords(a_record(fields={"Email": "bo@crm.example", "First_Name": "Bo"}))
        people = People(records, contacts, MemoryModules(), MemorySelections())
        self.send = TestSender(
            self.campaigns,
            contacts,
            RecordReader(people, MemorySyncs(), MemorySuppressions(), ADDRESS_KEY),
            MemoryLeases(),
            self.outcomes,
            self.relay,
            GREEN,
            KEYS,
            RELAY_SIGNS,
            ADDRESS_KEY,
            lambda: NOW,
            self.suppressions,
        )

    @property
    def mails(self) -> list[EmailMessage]:
        parsed = [message_from_bytes(mail.raw, policy=policy.SMTP) for mail in self.relay.taken]
        return [mail for mail in parsed if isinstance(mail, EmailMessage)]

    @property
    def told(self) -> dict[str, tuple[str, int | None]]:
        """What whoever asked is shown: state and code by address."""
        return {
            each.address: (each.state.value, each.reply and each.reply.code) for each in self.outcomes.stored.values()
        }

    def text(self) -> str:
        body = self.mails[0].get_body(("plain",))
        assert isinstance(body, EmailMessage)
        return str(body.get_content())


async def test_each_address_gets_a_mail_whose_subject_is_marked() -> None:
    desk = Desk()
    assert await desk.send(request("a@green.example", "b@green.example")) == []
    assert [mail.recipient for mail in desk.relay.taken] == ["a@green.example", "b@green.example"]
    assert [mail["Subject"] for mail in desk.mails] == ["[Test] Hello"] * 2


async def test_every_mail_is_of_a_reader_who_is_nobody_and_of_its_own() -> None:
    """R69: what comes back of it is known by that."""
    desk = Desk()
    await desk.send(request("a@green.example", "b@green.example"))
    rows = {mail.email_id for mail in desk.relay.taken}
    assert len(rows) == 2
    assert all(is_nobodys(row) and len(row.split(":")[1]) == 32 for row in rows)
    assert not is_nobodys(an_email().id)


async def test_nobody_who_was_erased_gets_a_test_mail_and_nobody_is_named() -> None:
    desk = Desk()
    await desk.suppressions.add([a_suppression("Ann@green.example", reason=SuppressionReason.ERASED)])
    await desk.suppressions.add([a_suppression("bea@green.example")])
    with pytest.raises(InvalidDefinition, match=r"^addresses: 1 of them belong to people whose data was erased") as no:
        await desk.send(request("ANN@green.example", "bea@green.example"))
    assert "green" not in str(no.value)
    assert (desk.relay.taken, desk.told) == ([], {})


async def test_a_repeated_request_sends_nothing() -> None:
    desk = Desk()
    await desk.send(request())
    await desk.send(request())
    assert len(desk.relay.taken) == 1


async def test_another_request_sends_again() -> None:
    desk = Desk()
    await desk.send(request())
    await desk.send(request(request_id="t2"))
    assert len(desk.relay.taken) == 2


async def test_without_a_request_id_the_same_test_of_the_same_draft_is_a_repeat() -> None:
    desk = Desk()
    for _ in range(2):
        await desk.send(request(request_id=""))
    await desk.send(request(request_id="", values={"first_name": "Bo"}))
    assert len(desk.relay.taken) == 2


async def test_an_address_given_twice_gets_one() -> None:
    desk = Desk()
    await desk.send(request("a@green.example", "a@green.example", "A@Green.example"))
    assert len(desk.relay.taken) == 1


async def test_a_chosen_contacts_values_are_shown() -> None:
    desk = Desk()
    await desk.send(request(contact="Zoe@Example.com"))
    assert desk.text().startswith("Dear Zoe,")


async def test_given_values_win_over_the_contacts() -> None:
    desk = Desk()
    await desk.send(request(contact="zoe@example.com", values={"first_name": "Bo"}))
    assert desk.text().startswith("Dear Bo,")


async def test_a_records_values_are_shown_before_it_is_anybodys_contact() -> None:
    desk = Desk()
    await desk.send(request(record="Leads:1"))
    assert desk.text().startswith("Dear Bo,")


def test_a_test_shows_the_values_of_one_reader() -> None:
    with pytest.raises(ValidationError, match="record: leave it out"):
        request(record="Leads:1", contact="zoe@example.com")


async def test_without_either_the_fallbacks_are_shown() -> None:
    desk = Desk()
    await desk.send(request())
    assert desk.text().startswith("Dear friend,")


async def test_a_test_mail_has_no_row_of_the_ledger_not_even_that_of_a_recipient() -> None:
    desk = Desk()
    await desk.send(request("zoe@example.com"))
    assert desk.relay.taken[0].email_id != f"spring:{a_contact('zoe@example.com').id}:0"


async def test_a_relay_that_is_away_is_tried_again_by_the_repeat() -> None:
    desk = Desk()
    desk.relay.down_after = 1
    two = request("a@green.example", "b@green.example")
    with pytest.raises(RelayUnavailable):
        await desk.send(two)
    desk.relay.down_after = None
    await desk.send(two)
    assert [mail.recipient for mail in desk.relay.taken] == ["a@green.example", "b@green.example"]


async def test_a_mail_that_was_surely_not_sent_is_sent_by_the_repeat_and_one_in_doubt_is_not() -> None:
    desk = Desk({"a@green.example": [Wire.NOT_SENT, Reply(250, "Ok")], "b@green.example": [Wire.UNKNOWN]})
    two = request("a@green.example", "b@green.example")
    with pytest.raises(RelayUnavailable, match="1 of 2"):
        await desk.send(two)
    await desk.send(two)
    assert desk.relay.tries == ["a@green.example", "b@green.example", "a@green.example"]


async def test_what_came_of_each_is_told_to_whoever_asked() -> None:
    answers: list[Answer] = [Reply(550, "5.1.1 User unknown")]
    desk = Desk({"a@green.example": answers, "b@green.example": [Wire.UNKNOWN]})
    with pytest.raises(TestRefused):
        await desk.send(request("a@green.example", "b@green.example", "c@green.example"))
    assert desk.told == {
        "a@green.example": ("refused", 550), "b@green.example": ("in_doubt", None), "c@green.example": ("taken", 250),
    }  # fmt: skip


async def test_one_that_waits_for_the_relay_is_told_and_in_the_end_what_came_of_it() -> None:
    desk = Desk()
    desk.relay.down_after = 0
    with pytest.raises(RelayUnavailable):
        await desk.send(request())
    assert desk.told == {"tester@green.example": ("waiting", None)}
    desk.relay.down_after = None
    await desk.send(request())
    assert desk.told == {"tester@green.example": ("taken", 250)}


async def test_one_whose_worker_died_over_it_is_told_to_be_in_doubt_and_not_sent_again() -> None:
    desk = Desk()
    await desk.send(request())
    desk.outcomes.stored.clear()  # the worker died before it told
    await desk.send(request())
    assert len(desk.relay.taken) == 1
    assert desk.told == {"tester@green.example": ("in_doubt", None)}


async def test_a_repeat_takes_back_nothing_that_was_told() -> None:
    desk = Desk()
    await desk.send(request())
    before = dict(desk.outcomes.stored)
    await desk.send(request())
    assert desk.outcomes.stored == before


async def test_a_refusal_is_told_without_the_address() -> None:
    desk = Desk({"a@green.example": [Reply(550, "5.1.1 <a@green.example>: User unknown")]})
    with pytest.raises(TestRefused) as refusal:
        await desk.send(request("a@green.example"))
    assert str(refusal.value) == "the relay refused 1 of 1 test mails: 550 5.1.1 (user_unknown)"


async def test_an_address_that_is_none_is_refused_before_anything_is_sent() -> None:
    desk = Desk()
    with pytest.raises(InvalidDefinition, match="not an email address"):
        await desk.send(request("a@green.example", "nowhere"))
    assert desk.relay.tries == []


async def test_more_than_five_addresses_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 5"):
        request(*(f"t{n}@green.example" for n in range(6)))


async def test_a_contact_that_nobody_is_is_refused() -> None:
    with pytest.raises(InvalidDefinition, match="nobody with this address"):
        await Desk().send(request(contact="nobody@example.com"))


async def test_a_campaign_without_content_is_refused_with_the_command() -> None:
    with pytest.raises(NotReady, match="campaigns campaign edit spring --template"):
        await Desk(content=content(html=None, text=None)).send(request())


async def test_content_that_does_not_compile_is_refused() -> None:
    with pytest.raises(TemplateInvalid):
        await Desk(content=content(html=None, text="{% if %}")).send(request())


async def test_an_unknown_campaign_is_refused() -> None:
    with pytest.raises(UnknownCampaign):
        await Desk().send(request(campaign_id="nowhere"))


async def test_a_message_of_a_series_without_content_is_written_in_its_series() -> None:
    desk = Desk(content=content(html=None, text=None), series="welcome")
    with pytest.raises(NotReady, match="no content yet: campaigns series export welcome"):
        await desk.send(request())
