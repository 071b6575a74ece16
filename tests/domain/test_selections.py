"""People chosen one by one, or by a filter, in chunks."""

from __future__ import annotations

import pytest

from domain.selections import gathered


@pytest.mark.parametrize(
    ("sizes", "groups"),
    [
        ({}, []),
        ({0: 0, 1: 0}, []),
        ({2: 1, 0: 2, 1: 0}, [(0, 2)]),
        ({0: 2, 1: 2, 2: 1}, [(0,), (1, 2)]),
        ({0: 3, 1: 3}, [(0,), (1,)]),
        ({0: 9, 1: 1}, [(0,), (1,)]),  # more than fit together stand alone
    ],
)
def test_chunks_are_gathered_in_their_order_up_to_three_refs(sizes: dict[int, int], groups: list[object]) -> None:
    assert list(gathered(sizes, 3)) == groups
