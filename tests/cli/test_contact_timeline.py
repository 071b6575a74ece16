"""One person over all campaigns: numbers and a timeline (R7, R79)."""

from __future__ import annotations

from cli.contact_timeline import numbers, timeline
from domain.consent import Consent, ConsentTo
from domain.eligibility import SuppressionReason
from domain.email import EmailState
from domain.lists import Lifted
from domain.ruling import ruling_on
from repositories.stores import Stores
from tests.builders import NOW, a_contact, a_reply, a_stored_event, a_suppression, an_email, later
from tests.fakes.emails import MemoryEmails
from tests.fakes.events import MemoryEvents

S = EmailState
DEAD: dict[str, str | int] = {"code": 550, "enhanced": "5.1.1", "text": "no  such\nuser", "raw": "From: x" * 999}
SPRING = an_email(state=S.SENT, times={"opened": later(60), "clicked": later(70)}, reply=a_reply())
AUTUMN = an_email(campaign_id="autumn", state=S.SENT, times={"bounced": later(9)}, bounced=S.HARD_BOUNCED)
NEXT = an_email(campaign_id="winter")


def stores(*events: object) -> Stores:
    """Only those that a timeline asks."""
    found = object.__new__(Stores)
    object.__setattr__(found, "emails", MemoryEmails(SPRING, AUTUMN, NEXT))
    object.__setattr__(found, "events", MemoryEvents(*events))  # type: ignore[arg-type]
    return found


def test_each_email_counts_once_per_number() -> None:
    found = numbers([SPRING, AUTUMN, NEXT])
    counts = {name: count for name, count in found.counts.items() if count}
    assert counts == {"sent": 2, "delivered": 1, "opened": 1, "clicked": 1, "hard_bounced": 1}
    assert (found.last_sent, found.last_seen) == (NOW, later(70))
    assert numbers([]).last_seen is None


async def test_what_happened_stands_in_order_with_what_it_rests_on() -> None:
    bounced = a_stored_event(
        "b", email_id=AUTUMN.id, event="bounced", at=later(9), evidence=DEAD, ruling=ruling_on(DEAD)
    )
    opened = a_stored_event("o", email_id=SPRING.id, event="opened", at=later(50), by_machine=True)
    clicked = a_stored_event("c", email_id=SPRING.id, event="clicked", at=later(70), url="https://x.example")
    contact = a_contact(consents=(Consent(ConsentTo.MAIL, True, later(-9), "form", "box"),))
    lifted = Lifted(
        a_suppression(reason=SuppressionReason.MANUAL, at=later(80), evidence="asked"), later(90), "ticket 7"
    )
    found = await timeline(
        stores(opened, clicked, bounced), SPRING.contact_id, contact, [a_suppression(at=later(10))], [lifted]
    )
    assert [(entry.campaign, entry.what, entry.detail) for entry in found.entries] == [
        (None, "yes to mail", "form box"),
        (None, "record Leads:1 changed", None),
        ("autumn", "email sent", None),
        ("spring", "email sent", "250 2.0.0 Ok: queued"),
        ("autumn", "bounced", "user_unknown: 550 5.1.1 no such user"),
        (None, "suppressed: hard_bounced", "spring: 550 5.1.1"),
        ("spring", "opened by a machine", None),
        ("spring", "clicked", "https://x.example"),
        (None, "suppressed: manual", "asked"),
        (None, "suppression taken back: manual", "ticket 7"),
    ]
    assert [(each.campaign, each.service_status) for each in found.emails] == [
        ("autumn", "hard_bounced"),
        ("spring", "clicked"),
        ("winter", "planned"),
    ]
