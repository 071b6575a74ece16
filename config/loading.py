"""Reading the settings of this process, with everything that is wrong said at once."""

from __future__ import annotations

import difflib
import json
import os

from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError

from config.mail import RelaySettings
from config.settings import DELIMITER, ENV_FILE, PREFIX, Settings, all_variables, variable


class SettingsInvalid(Exception):
    """One or more settings are wrong; the text names each environment variable and what is wrong with it."""


def load() -> Settings:
    """The settings of this process.

    Raises:
        SettingsInvalid: names every wrong variable at once, and each unknown one with a near miss.
    """
    wrong = _unknown_variables()
    try:
        settings = Settings()
    except ValidationError as error:
        raise SettingsInvalid("\n".join(dict.fromkeys([*wrong, *map(_in_words, error.errors())]))) from error
    except SettingsError as error:  # a list that is not JSON; it names the group only
        raise SettingsInvalid("\n".join([*wrong, *(_not_json() or [str(error)])])) from error
    if wrong:
        raise SettingsInvalid("\n".join(wrong))
    return settings


def _in_words(entry: ErrorDetails) -> str:
    name = variable(*map(str, entry["loc"]))
    return _unknown(name) if entry["type"] == "extra_forbidden" else f"{name}: {_words(entry)}"


def _words(entry: ErrorDetails) -> str:
    return entry["msg"].removeprefix("Value error, ")


def _not_json() -> list[str]:
    """A line for each variable that should hold a list or an object and does not."""
    return [
        f"{name}: write a JSON {word} such as {_sample(info)}"
        for name, info in all_variables().items()
        for kind, word in _JSON.items()
        if isinstance(info.default, kind) and not _is(kind, os.environ.get(name))
    ]


_JSON: dict[type, str] = {list: "list", dict: "object"}


def _sample(info: FieldInfo) -> str:
    return json.dumps(info.examples[0]) if info.examples else '"[5, 30]"'


def _is(kind: type, text: str | None) -> bool:
    try:
        return text is None or isinstance(json.loads(text), kind)
    except json.JSONDecodeError:
        return False


#: Read by others than this class: the Makefile, docker-compose.yml, and the secrets source above.
OTHER_VARIABLES = frozenset({"SECRETS_DIR", "ASSUME_YES", "VENV", "IMAGE"})


def _unknown_variables() -> list[str]:
    """A line for each CAMPAIGNS_ variable that no setting reads: a misspelt one would be ignored in silence."""
    given = {*os.environ, *dotenv_values(ENV_FILE)}
    named = [name for name in sorted(given) if name.startswith(PREFIX) and not _is_of_a_relay(name)]
    return [_unknown(name) for name in named if name not in _known()]


def _is_of_a_relay(name: str) -> bool:
    """Whether it is a field of a relay that is named in it: CAMPAIGNS_RELAYS__SES__PASSWORD."""
    group, _, rest = name.removeprefix(PREFIX).partition(DELIMITER)
    return group == "RELAYS" and rest.rpartition(DELIMITER)[2].lower() in RelaySettings.model_fields


def _unknown(name: str) -> str:
    return f"{name}: there is no such setting{_near_miss(name, _known())}"


def _known() -> set[str]:
    return set(all_variables()) | {PREFIX + name for name in OTHER_VARIABLES}


def _near_miss(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
    return f"; did you mean {close[0]}?" if close else ""
