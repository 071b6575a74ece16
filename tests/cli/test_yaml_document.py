"""YAML with the lines of its values, read strictly."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.yaml_document import DEEPEST, MOST_BYTES, DocumentInvalid, read, written

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
LINES = st.lists(TEXT, max_size=4).map("\n".join)


def plain(text: str) -> Any:
    return read(text, "c.yaml").plain()


def test_every_value_is_text_as_it_was_written() -> None:
    found = plain(
        "id: 5400000000000000001\nno: no\nday: 2026-01-05\nleading: 007\nversion: 1.10\nnothing: null\nout:\n"
    )
    assert found == {
        "id": "5400000000000000001", "no": "no", "day": "2026-01-05", "leading": "007", "version": "1.10",
        "nothing": None,
    }  # fmt: skip
    assert plain("a: 'null'\nb: ''\nc: []\nd: {}") == {"a": "null", "b": "", "c": [], "d": {}}


def test_each_value_knows_its_line_and_a_path_leads_as_far_as_it_can() -> None:
    found = read("a: 1\nb:\n  c: |\n    text\n  d:\n    - x\n    - y: 2\n", "c.yaml")
    assert [found.at(path).line for path in (["a"], ["b", "c"], ["b", "d", 1, "y"], ["b", "d", 7], ["z"])] == [
        1, 3, 7, 5, 1,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "c.yaml: is empty"),
        ("a: 1\nb: 2\na: 3", "c.yaml line 3: a is there twice"),
        ("a:\na: 3", "c.yaml line 2: a is there twice"),
        ("a: &x 1\nb: *x", "c.yaml line 1: anchors"),
        ("a: *x", "c.yaml line 1: .*alias"),
        ("a: 1\nb: !!python/object/apply:os.system [ls]", "c.yaml line 2: tags"),
        ("a: 1\n---\nb: 2", "c.yaml line 2: a second document"),
        ("a: [1", "c.yaml line 1"),
        ("a: 1\n\tb: 2", "c.yaml line 2"),
        ("? [a]\n: 1", "c.yaml line 1: a key has to be text"),
        ("a: \x07", "c.yaml"),
        ("[" * 5_000, "deep"),
        ("a: " + "[" * DEEPEST + "]" * DEEPEST, f"at most {DEEPEST} deep"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, told: str) -> None:
    with pytest.raises(DocumentInvalid, match=told):
        read(text, "c.yaml")


def test_a_few_lines_do_not_become_gigabytes() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{new}: &{new} [{','.join(['*' + old] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(DocumentInvalid, match="line 1: anchors"):
        read(bomb, "c.yaml")


def test_a_document_has_an_end() -> None:
    with pytest.raises(DocumentInvalid, match="at most 33,554,432 bytes"):
        read("a: " + "x" * MOST_BYTES, "c.yaml")


@given(st.dictionaries(TEXT, LINES | st.none() | st.lists(LINES, max_size=3), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read_again(value: dict[str, Any]) -> None:
    assert plain(written(value)) == value
