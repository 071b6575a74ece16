"""What a review finds: checks, report, verdict, limits and batches (R46, R47, R59-R65)."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy

import pytest

from domain.books import Books
from domain.campaign import Campaign, Content, Report, Selection, Sender
from domain.chains import heads, next_in_chain
from domain.contact import ContactField, Source
from domain.dkim_key import RELAY_SIGNS, DkimKeys
from domain.email import EmailState
from domain.findings import Finding, Severity
from domain.footer import with_footer
from domain.mailer import mailer_of, recipient_of
from domain.module import BUILT_IN
from domain.organisation import Edition, Organisation
from domain.planning import Batches, Picked
from domain.predesigned import predesigned
from domain.readiness import Facts, PickedModule, missing, over_limits
from domain.review import findings, report, why_rejected
from domain.template import TemplateSource
from domain.tracking import SigningKey, SigningKeys
from tests.builders import NOW, a_campaign, a_contact, a_stamp, an_email, later

GREEN = Organisation("Green Ltd", "1 Garden Lane, Springfield", public_url="https://t.green.example")
KEYS = SigningKeys((SigningKey(1, b"k" * 32),))


def written(text: str = "Hello {{ first_name }}", subject: str = "Hello") -> Campaign:
    source = with_footer(TemplateSource(subject, text=text))
    return a_campaign(content=Content(subject, text=source.text))


def rules(campaign: Campaign, organisation: Organisation = GREEN, dkim: DkimKeys = RELAY_SIGNS) -> set[str]:
    return {finding.rule for finding in findings(campaign, organisation, KEYS, dkim)}


# ---- checks


def test_a_good_campaign_has_no_findings() -> None:
    assert rules(written()) == set()


@pytest.mark.parametrize(
    ("campaign", "rule"),
    [
        (a_campaign(content=Content("Hello", text="{{ organisation_postal_address }}")), "no-unsubscribe-link"),
        (a_campaign(content=Content("Hello", text="{{ unsubscribe_url }}")), "no-postal-address"),
        (replace(written(), sender=Sender("Green", "green@gmail.com")), "public-sender-domain"),
        (replace(written(), sender=Sender("Green", "no-reply@green.example")), "no-reply-sender"),
        (written(subject="Re: Hello"), "fake-reply"),
        (written("{{ first_name.upper().nothing() }}"), "content-fails"),
    ],
)
def test_what_is_wrong_is_found(campaign: Campaign, rule: str) -> None:
    assert rule in rules(campaign)


def test_content_that_only_works_without_the_samples_words_is_looked_at_without_them() -> None:
    assert "content-fails" not in rules(written("{% if price %}{{ price - 2 }}{% endif %} hello"))


def test_a_templates_advice_to_its_author_is_warned_about_place_by_place() -> None:
    source = predesigned("newsletter").source({"story_text": "We have moved."}, subject="Hello")
    left = a_campaign(content=Content("Hello", html=source.html, template="newsletter"))
    found = [each for each in findings(left, GREEN, KEYS, RELAY_SIGNS) if each.rule == "sample-text"]
    assert [(each.place, each.severity) for each in found] == [
        ("left_text", Severity.WARNING),
        ("right_text", Severity.WARNING),
    ]


def test_missing_company_details_are_an_error() -> None:
    found = findings(written(), replace(GREEN, name=""), KEYS, RELAY_SIGNS)
    assert [(one.rule, one.severity) for one in found if one.place == "organisation"] == [
        ("no-company-details", Severity.ERROR)
    ]


def test_a_domain_without_a_key_is_warned_about_where_we_sign() -> None:
    (found,) = findings(written(), GREEN, KEYS, DkimKeys())
    assert (found.rule, found.severity) == ("no-dkim-key", Severity.WARNING)
    assert "campaigns dkim generate green.example" in found.fix


# ---- report and verdict


def test_the_report_counts_people_by_the_ledger() -> None:
    counts = {"from_module.Leads": 5, "from_list": 2, "conflict.events": 1, "to_send": 99, "recipients.total": 5}
    books = Books(0, {EmailState.PLANNED: 4, EmailState.SKIPPED: 3}, {"no_email": 2, "topic_conflict": 1})
    found = report(counts, books, ())
    assert found == Report({"Leads": 5}, 2, {"no_email": 2, "topic_conflict": 1}, {"events": 1}, 4, ())
    assert found.selected == 7


ERROR = Finding("x", Severity.ERROR, "subject", "it is empty", "Write one.")


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (Report(to_send=1), None),
        (Report(to_send=1, findings=(replace(ERROR, severity=Severity.WARNING),)), None),
        (Report(to_send=1, findings=(ERROR,)), "subject: it is empty (Write one.)"),
        (Report(), "nobody was selected: what was picked is empty, or no record fits its filter"),
        (Report(skipped={"no_email": 2}), "none of the 2 people selected would be mailed: 2 no_email"),
    ],
)
def test_errors_block_warnings_do_not_and_nobody_is_a_reason(result: Report, reason: str | None) -> None:
    assert why_rejected(result) == reason


# ---- limits and readiness


@pytest.mark.parametrize(
    ("counts", "problems"),
    [
        ({"Leads": 200_000, "Contacts": 200_000}, []),
        ({"Leads": 200_001}, ["Leads: 200,001 people are picked, the limit per module is 200,000"]),
        (
            {"Leads": 200_000, "Contacts": 200_000, "Pets": 1},
            ["400,001 people are picked in all, the limit is 400,000"],
        ),
    ],
)
def test_limits_are_told_with_module_limit_and_count(counts: dict[str, int], problems: list[str]) -> None:
    assert over_limits(counts) == problems


def test_a_merge_field_is_checked_for_each_module_by_itself() -> None:
    picked = (
        PickedModule("Leads", BUILT_IN["Leads"], 1, frozenset({"first_name", "city"}), "leads"),
        PickedModule("Contacts", BUILT_IN["Contacts"], 1, frozenset({"first_name"}), "people"),
    )
    campaign = replace(
        written("{{ first_name }} of {{ city }}, {{ email }}"), recipients=Selection(("Leads", "Contacts"))
    )
    [found] = missing(campaign, Facts(GREEN, picked=picked))
    assert found == (
        "merge field city, which is not mapped for Contacts: campaigns sync edit people "
        "--map CRM_FIELD=city, then campaigns sync initiate people --again"
    )


@pytest.mark.parametrize(("edition", "allowed"), [(Edition.PROFESSIONAL, False), (Edition.ULTIMATE, True)])
def test_editions_from_enterprise_up_create_from_the_crm(edition: Edition, allowed: bool) -> None:
    assert Organisation(edition=edition).creates_from_crm is allowed


# ---- who was picked, and batches


def test_the_latest_of_the_picked_records_is_the_winner() -> None:
    sources = [
        Source(ref, a_stamp(ref, at=at)) for ref, at in (("Leads:1", NOW), ("Leads:5", later(60)), ("Pets:1", later(9)))
    ]
    contact = a_contact(sources={source.ref: source for source in sources})
    winners = [
        Picked(through, frozenset(refs)).winner(contact)
        for through, refs in (
            ({"Leads": "Leads:9"}, ()),  # both leads
            ({"Leads": "Leads:3"}, ()),  # lead 5 came after the ranges were cut
            ({}, ("Leads:1", "Pets:1")),
            ({}, ()),
        )
    ]
    assert [winner.ref if winner else None for winner in winners] == ["Leads:5", "Leads:1", "Pets:1", None]


def test_a_range_owns_enough_batches_and_fills_them_in_order() -> None:
    batches = Batches.of_range(2, range_size=5, size=2)
    assert (batches.first, batches.count) == (6, 3)
    assert [batches.number(position) for position in range(7)] == [6, 6, 7, 7, 8, 8, 8]


def test_chains_walk_through_all_batches_of_the_first_round_and_none_of_later_ones() -> None:
    campaign = a_campaign(slices=5, chains=2)
    assert [next_in_chain(campaign, number) for number in range(7)] == [2, 3, 4, None, None, None, None]


@pytest.mark.parametrize(
    ("unfinished", "offered"),
    [
        (range(5), [0, 1]),
        ([2, 3, 4], [2, 3]),
        ([4], [4]),
        ([3, 5, 6, 7], [3, 5, 6, 7]),  # 5 and later are later tries, each by itself
        ([], []),
    ],
)
def test_each_chain_goes_on_at_its_first_unfinished_batch(unfinished: list[int], offered: list[int]) -> None:
    assert heads(5, 2, unfinished) == offered


# ---- the assembler of a campaign


def test_a_mail_is_written_from_a_row_and_its_contact() -> None:
    fields = {"first_name": ContactField("Zoe", a_stamp()), "last_name": ContactField("Zed", a_stamp())}
    row = an_email("zoe@example.com")
    mail = mailer_of(written(), GREEN, KEYS, RELAY_SIGNS).mail(recipient_of(row, a_contact(fields=fields)), now=NOW)
    assert (mail.email_id, mail.recipient) == (row.id, "zoe@example.com")
    assert mail.sender.endswith("@green.example")
    parsed = message_from_bytes(mail.raw, policy=policy.SMTP)
    assert (parsed["To"], parsed["Message-ID"]) == ("Zoe Zed <zoe@example.com>", f"<{row.message_id}>")
    assert parsed.get_content().startswith("Hello Zoe")


def test_bounces_go_to_the_organisations_own_domain_where_it_has_one() -> None:
    assembler = mailer_of(written(), replace(GREEN, bounce_domain="b.green.example"), KEYS, RELAY_SIGNS)
    mail = assembler.mail(recipient_of(an_email(), a_contact()), now=NOW)
    assert mail.sender.endswith("@b.green.example")
