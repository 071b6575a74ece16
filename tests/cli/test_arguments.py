"""Options that several commands share."""

import pytest
import typer

from cli.arguments import pairs

SHAPE = "CRM_FIELD=contact_field"


def test_pairs_are_read_by_name_up_to_the_first_equals_sign() -> None:
    assert pairs(["City=city", "Note=a=b", "Gone="], option="--map", shape=SHAPE) == {
        "City": "city",
        "Note": "a=b",
        "Gone": "",
    }
    assert pairs(None, option="--map", shape=SHAPE) == {}


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["City"], "'City': write CRM_FIELD=contact_field"),
        (["=city"], "'=city': write CRM_FIELD=contact_field"),
        (["City=city", "Name=name", "City=town"], "City is there twice"),  # the last one would win without a word
        (["City=city", "City=city"], "City is there twice"),
    ],
)
def test_what_is_no_pair_or_is_there_twice_is_refused(texts: list[str], said: str) -> None:
    with pytest.raises(typer.BadParameter, match=said):
        pairs(texts, option="--map", shape=SHAPE)
