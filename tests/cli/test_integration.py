"""Leaving is confirmed by who types the organisation's name; what is exported makes a sync anew."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cli import integration
from cli.integration_export import definition
from cli.integration_plan import Plan, Sending, SyncFate, view
from cli.output import out
from domain.errors import NotConfirmed, NotReady
from domain.integration import Integration, IntegrationChange, IntegrationState
from messages.sync_requested import SyncRequested
from tests.builders import NOW, a_sync

C = IntegrationChange
PLAN = Plan(
    change=C.DISABLE,
    state="active",
    campaigns={"sending": ["spring"], "draft": [f"d{number:02}" for number in range(12)]},
    unsent=12,
    under_way=[Sending("spring", 2, 340)],
    series=["hello"],
    syncs=[SyncFate("leads", "All leads", "Leads", ("news",), "active", "deleted for good", 5)],
    runs=["leads-r1"],
)


def settings(name: str = "Green Ltd") -> Any:
    return cast("Any", SimpleNamespace(organisation=SimpleNamespace(name=name)))


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("typer.prompt", lambda *_, **__: typed)


def confirmation(*, sure: bool = False, name: str = "Green Ltd") -> str:
    return integration._confirmation(settings(name), C.DISABLE, PLAN, sure=sure)


def test_who_types_the_name_means_it(monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal(monkeypatch, " Green  Ltd")
    assert confirmation() == " Green  Ltd"


def test_who_types_anything_else_is_told_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal(monkeypatch, "y")
    with pytest.raises(NotConfirmed, match="type the organisation's name: Green Ltd"):
        confirmation()


def test_where_nobody_can_type_it_an_option_does_and_the_variable_that_says_yes_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: False))
    monkeypatch.setenv("CAMPAIGNS_ASSUME_YES", "1")
    with pytest.raises(NotConfirmed, match=r"nothing was changed.*--yes-i-mean-it"):
        confirmation()
    assert confirmation(sure=True) == "Green Ltd"


def test_without_a_name_nobody_leaves() -> None:
    with pytest.raises(NotReady, match="CAMPAIGNS_ORGANISATION__NAME"):
        confirmation(sure=True, name="")


def test_the_rehearsal_lists_all_that_will_happen() -> None:
    with out.capture() as captured:
        out.print(view(PLAN))
    told = " ".join(captured.get().split())
    for part in (
        "spring",
        "d09 and 2 more",
        "12 unsent ones",
        "340",
        "hello",
        "All leads",
        "deleted for good",
        "leads-r1",
    ):
        assert part in told


def test_an_exported_sync_comes_back_as_it_was() -> None:
    sync = a_sync(topics=("offers",), update_empty_values=True)
    told = SyncRequested.model_validate(definition(sync).model_dump(mode="json", exclude_defaults=True))
    assert told.definition is not None
    again = told.definition.to_sync(told.sync_id)
    assert (again.module, again.lists, again.topics, again.field_map) == (
        "Leads",
        ("news",),
        ("offers",),
        sync.field_map,
    )
    assert again.update_empty_values


def test_while_it_is_waited_for_it_says_who_has_to_do_what() -> None:
    detaching = Integration(IntegrationState.DISABLED, at=NOW, by="ann")
    assert "workers have in hand" in integration._waiting(detaching)
    deleting = replace(detaching, detached_at=NOW)
    for text in ("Nothing more is sent", "`campaigns worker sync-requested`", "`campaigns integration show`"):
        assert text in integration._waiting(deleting)
