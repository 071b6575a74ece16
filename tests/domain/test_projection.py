"""What a record gives a contact (R15, R17, R33, D1-D4)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.contact import Contact, Membership, OptOut, SubscriptionType
from domain.module import BUILT_IN
from domain.projection import carried_over, email_of, moved, refused_alike, rule_of, says_opt_out, without_record
from domain.record import Record, RecordField
from domain.sync import SyncSkip
from tests.builders import NOW, a_contact, a_record, a_sync, an_id, later

LEADS = BUILT_IN["Leads"]


def nobody(text: str = "ann@example.com") -> Contact:
    return Contact(an_id(text), text)


def record(record_id: str = "1", version: int = 1, *, fields: dict[str, Any] | None = None, **overrides: Any) -> Record:
    values = {"Email": "ann@example.com", "First_Name": "Ann"} if fields is None else fields
    return a_record(record_id, values, version=version, changed_at=later(version), **overrides)


def carried(*records: Record, contact: Contact | None = None, member: bool = True, **sync: Any) -> Contact:
    found = contact or nobody()
    for each in records:
        found = carried_over(found, each, rule_of(a_sync(**sync)), member=member)
    return found


def deleted(version: int) -> Record:
    return replace(record(), deleted_version=version, changed_at=later(version))


@pytest.mark.parametrize(
    ("given", "email"),
    [
        (record(), "ann@example.com"),
        (record(fields={"Email": " Ann@EXAMPLE.com "}), "Ann@example.com"),
        (deleted(2), SyncSkip.DELETED),
        (record(fields={}), SyncSkip.NO_EMAIL),
        (record(fields={"Email": None}), SyncSkip.NO_EMAIL),
        (record(fields={"Email": "  "}), SyncSkip.NO_EMAIL),
        (record(fields={"Email": "ann at example"}), SyncSkip.INVALID_EMAIL),
        (record(fields={"Email": 7}), SyncSkip.INVALID_EMAIL),
    ],
)
def test_a_record_has_an_address_or_a_reason(given: Record, email: str) -> None:
    """D5."""
    assert email_of(given, LEADS) == email


@pytest.mark.parametrize(
    ("value", "opted_out"),
    [(True, True), ("true", True), ("TRUE ", True), ("1", True), (False, False), (None, False), ("no", False)],
)
def test_the_crms_opt_out_is_read_however_it_is_written(value: Any, opted_out: bool) -> None:
    assert says_opt_out(record(fields={"Email_Opt_Out": value})) is opted_out


def test_a_member_gets_values_lists_topics_and_subscription() -> None:
    """R9, R12, R13, R17, R18."""
    ann = carried(record(), topics=("offers",))
    assert ann.values() == {"first_name": "Ann"}
    assert ann.memberships == {"news": Membership("news", frozenset({"sync:leads|Leads:1"}))}
    assert ann.topics == {"offers"}
    assert ann.subscription is SubscriptionType.MARKETING


def test_a_repeated_record_changes_nothing() -> None:
    """R32."""
    assert carried(record(), record()) == carried(record())


def test_each_contact_tells_the_map_version_it_was_synced_with() -> None:
    """R33."""
    ann = carried(record(), map_version=3)
    assert ann.sources["Leads:1"].map_versions == {"leads": 3}
    assert carried(record(), contact=ann, map_version=4).sources["Leads:1"].map_versions == {"leads": 4}


@pytest.mark.parametrize(
    ("erased", "update_empty_values", "value"),
    [
        ({"First_Name": None}, False, "Ann"),  # R15 off: ours is kept
        ({"First_Name": None}, True, None),  # R15 on: erased here too
        ({"First_Name": " "}, True, " "),  # as the CRM wrote it; blank is empty
        ({}, False, "Ann"),
        ({}, True, None),  # a snapshot that does not name it says that it is empty
    ],
)
def test_a_value_erased_in_the_crm(erased: dict[str, Any], update_empty_values: bool, value: str | None) -> None:
    """R15."""
    after = carried(record(), record(version=2, fields=erased), update_empty_values=update_empty_values)
    assert after.values() == {"first_name": value}


def test_a_field_that_was_never_named_is_not_erased() -> None:
    """R15: of a record that came in parts, nothing is known of the other fields."""
    part = record("2", 2, fields={"Email": "ann@example.com"}, snapshot_version=-1)
    assert carried(record(), part, update_empty_values=True).values() == {"first_name": "Ann"}


def test_a_sparse_second_record_does_not_erase_what_the_first_one_gave() -> None:
    """D2, R15: it never held that value, so it cannot have erased it."""
    sparse = record("2", 2, fields={"Email": "ann@example.com"})
    assert carried(record(), sparse, update_empty_values=True).values() == {"first_name": "Ann"}


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_the_most_recently_changed_record_wins_each_field(order: tuple[int, ...]) -> None:
    """D2: all record ids are kept; the first record wins again when it is changed once more, in any order (D4)."""
    told = [
        record("1", 1, fields={"First_Name": "Ann", "Last_Name": "Lee"}),
        record("2", 2, fields={"First_Name": "Anna"}),
        record("1", 3, fields={"First_Name": "Ann", "Last_Name": "Lee"}),
    ]
    ann = carried(*(told[index] for index in order))
    assert ann.values() == {"first_name": "Ann", "last_name": "Lee"}
    assert ann.sources.keys() == {"Leads:1", "Leads:2"}


def test_within_one_record_its_version_decides_whatever_its_clock_said() -> None:
    """D4."""
    fast = replace(record(), changed_at=later(100))
    assert carried(fast, record(version=2, fields={"First_Name": "Bea"})).values() == {"first_name": "Bea"}


def test_an_overtaken_record_changes_nothing() -> None:
    """D4."""
    newer = carried(record(version=2, fields={"First_Name": "Bea"}))
    assert carried(record(version=1), contact=newer) == newer


def test_a_deleted_record_leaves_the_lists_and_keeps_the_rest() -> None:
    """D1."""
    ann = carried(record(), topics=("offers",))
    after = without_record(ann, deleted(2))
    assert after.memberships == {}
    assert after.present() == []
    assert (after.values(), after.topics, after.subscription) == (ann.values(), ann.topics, ann.subscription)


def test_a_delete_that_comes_late_changes_nothing_newer() -> None:
    """D1, D4."""
    ann = carried(record(version=3))
    assert without_record(ann, deleted(2)) == ann


def test_older_news_do_not_bring_a_deleted_record_back() -> None:
    """D4: the tombstone."""
    gone = without_record(carried(record()), deleted(2))
    assert carried(record(), contact=gone) == gone


def test_a_deleted_record_leaves_what_others_are_on_the_list_for() -> None:
    """D1, D2."""
    ann = without_record(carried(record("1"), record("2", 2)), deleted(3))
    assert ann.memberships["news"].sources == {"sync:leads|Leads:2"}


def test_somebody_who_may_be_on_no_list_gets_values_only() -> None:
    ann = carried(record(), member=False, topics=("offers",))
    assert (ann.values(), ann.memberships, ann.topics) == ({"first_name": "Ann"}, {}, frozenset())


def test_somebody_who_may_be_on_no_list_any_more_leaves_those_of_all_records() -> None:
    """D4: a refusal is the person's, not the record's."""
    ann = carried(record("2", 2), contact=carried(record("1")), member=False)
    assert ann.memberships == {}


def test_topics_that_were_left_are_not_joined_again() -> None:
    """D4."""
    ann = carried(record(), contact=a_contact(left_topics=frozenset({"offers"})), topics=("offers", "events"))
    assert ann.topics == {"events"}


def test_lists_that_a_sync_no_longer_fills_are_left() -> None:
    ann = carried(record(), contact=carried(record(), lists=("news", "old")), lists=("news",))
    assert ann.memberships.keys() == {"news"}


def test_a_marketing_contact_stays_one() -> None:
    """R12."""
    ann = carried(record(), contact=carried(record()), sync_id="bills", subscription=SubscriptionType.NON_MARKETING)
    assert ann.subscription is SubscriptionType.MARKETING


def test_a_moved_record_takes_lists_and_consents_along() -> None:
    """D3."""
    old = carried(record(), topics=("offers",))
    bea = moved(old, nobody("bea@example.com"), "Leads:1")
    assert (bea.memberships, bea.topics, bea.subscription) == (old.memberships, old.topics, old.subscription)


def test_who_moves_is_on_their_lists_since_they_came_to_them() -> None:
    """D3: another address is no other person, so that no series begins anew for it."""
    on_it = Membership("news", frozenset({"sync:leads|Leads:1"}), NOW)
    old = a_contact(memberships={"news": on_it})
    there = a_contact("bea@example.com", memberships={"news": replace(on_it, since=later(5))})
    for bea, since in ((nobody("bea@example.com"), NOW), (there, later(5))):
        assert moved(old, bea, "Leads:1").memberships["news"].since == since


def test_only_what_is_of_the_record_moves() -> None:
    """D3: others behind the old address stay where they are."""
    old = carried(record("1"), record("2", 2))
    bea = moved(old, nobody("bea@example.com"), "Leads:1")
    assert bea.memberships["news"].sources == {"sync:leads|Leads:1"}


def test_refusals_move_along_and_win() -> None:
    """D3, D4: moving to another address re-subscribes nobody."""
    opt_out = OptOut(NOW, "unsubscribe:spring")
    old = a_contact(left_topics=frozenset({"offers"}), opt_out=opt_out)
    bea = refused_alike(old, a_contact("bea@example.com", topics=frozenset({"offers", "events"})), None)
    assert (bea.topics, bea.left_topics) == (frozenset({"events"}), frozenset({"offers"}))
    assert bea.opt_out == opt_out


def test_a_complaint_at_the_old_address_is_a_refusal_at_the_new_one() -> None:
    complaint = OptOut(NOW, "moved:complained")
    assert refused_alike(nobody(), nobody("bea@example.com"), complaint).opt_out == complaint


def test_the_record_field_that_is_mapped_is_read_by_its_crm_name() -> None:
    """R17."""
    given = replace(record(), fields={"Company": RecordField("Green", 1)})
    assert carried(given, field_map={"Company": "employer"}).values() == {"employer": "Green"}
