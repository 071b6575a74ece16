"""Series documents: faults are told with line and field; export and apply are each other's way back."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.series_documents import _placed, document, yaml_of
from cli.series_views import when
from cli.yaml_document import DocumentInvalid, read
from domain.series_check import broken_rules
from messages.series_saved import SeriesSaved

EXAMPLE = (Path(__file__).parents[2] / "examples/series.yaml").read_text(encoding="utf-8")
WHOLE = """\
series: welcome
name: Welcome
list: news
sender:
  name: Green Ltd
  address: news@green.example
messages:
  - key: hello
    trigger: joined
    content:
      subject: Welcome
      text: Hello
  - key: tips
    trigger: {opened: hello, within_days: 7}
    delay: 2 days
    window:
      days: [mon, tue]
      from: 09:00
      to: "17:00"
    content:
      subject: Tips
      text: Tips
  - key: birthday
    trigger:
      date: birthday
      yearly: yes
      offset_days: -3
      at: 09:00
    content:
      subject: Happy birthday
      text: Hello
reentry: no
"""


def read_in(text: str) -> SeriesSaved:
    return document(read(text, "s.yaml"), "s.yaml", "ann")


def faults(text: str) -> list[str]:
    with pytest.raises(DocumentInvalid) as raised:
        read_in(text)
    return str(raised.value).splitlines()


@pytest.mark.parametrize("text", [EXAMPLE, WHOLE])
def test_the_example_says_a_series_that_breaks_no_rule(text: str) -> None:
    assert list(broken_rules(read_in(text).to_series())) == []


@pytest.mark.parametrize("text", [EXAMPLE, WHOLE])
def test_what_is_exported_is_applied_as_it_was(text: str) -> None:
    once = read_in(text)
    assert read_in(yaml_of(once)) == once


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("list: news", "lists: news", "s.yaml line 3: lists is no field; did you mean list?"),
        ("    delay:", "    delays:", "s.yaml line 15: messages.1.delays is no field; did you mean delay?"),
        ("      subject: Tips", "      subjekt: Tips", "s.yaml line 21: messages.1.content.subjekt is no field"),
        ("delay: 2 days", "delay: 2 dayz", "s.yaml line 15: messages.1.delay '2 dayz' is no delay; write one such"),
        ("[mon, tue]", "[mon, two]", "s.yaml line 17: messages.1.window.days.1 'two' is no day of the week"),
        ("from: 09:00", "from: 9", "s.yaml line 18: messages.1.window.from '9' is no time of the day"),
        ("      to:", "      until:", "s.yaml line 19: messages.1.window.until is no field; there are days, from, to"),
        ("trigger: joined", "trigger: join", "s.yaml line 9: messages.0.trigger has to be joined, or a map with date"),
        ("{opened: hello, within_days: 7}", "{opened: hello}", "line 14: messages.1.trigger.within_days is needed"),
        ("within_days: 7", "within: 7", "line 14: messages.1.trigger.within is no field; did you mean within_days?"),
        (
            "      offset_days: -3",
            "      offset_days: x",
            "s.yaml line 27: messages.2.trigger.offset_days Input should",
        ),
        ("      offset_days: -3", "      offset: -3", "s.yaml line 27: messages.2.trigger.offset is no field; did you"),
        ("key: tips", "key: my tips", "s.yaml line 13: messages.1.key has more than one line, or a character"),
        ("reentry: no", "reentry: perhaps", "s.yaml line 32: reentry Input should be a valid boolean"),
        ("reentry: no", "origin: crm", "s.yaml line 32: origin is no field"),
    ],
)
def test_a_fault_is_told_with_its_line_and_field(before: str, after: str, told: str) -> None:
    assert any(told in fault for fault in faults(WHOLE.replace(before, after))), faults(WHOLE.replace(before, after))


def test_all_faults_are_told_at_once() -> None:
    wrong = (
        WHOLE.replace("delay: 2 days", "delay: x").replace("trigger: joined", "trigger: x").replace("list:", "liste:")
    )
    assert len(faults(wrong)) == 4  # liste is no field, and list is needed


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("message tips: content.template: there is no template x", "s.yaml line 20: message tips: content.template"),
        ("message tips: text, line 1: unknown", "s.yaml line 22: message tips: text"),
        ("message tips: trigger.opened: there is no message 'x'", "s.yaml line 14: message tips: trigger.opened"),
        ("message tips: lawful_basis: a lawful basis", "s.yaml line 13: message tips: lawful_basis"),
        ("list: it was started with other", "s.yaml line 3: list: it was started"),
        ("whatever else", "s.yaml: whatever else"),
    ],
)
def test_a_refusal_is_told_with_the_line_of_its_message_and_field(said: str, told: str) -> None:
    assert _placed(said, read(WHOLE, "s.yaml"), "s.yaml").startswith(told)


def test_when_each_message_goes_out_is_told_in_words() -> None:
    assert [when(step) for step in read_in(WHOLE).to_series().steps] == [
        "on joining",
        "2 days after hello was opened within 7 days, only mon tue 09:00-17:00",
        "3 days before birthday, every year at 09:00",
    ]
