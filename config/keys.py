"""Secrets that tokens and ids are made with."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field, SecretStr, field_validator

from config.group import Group

KEY_CHARACTERS = 16  #: no key may be shorter


class KeySettings(Group):
    """Secrets of the deployment. `campaigns keys` makes new ones; private servers make and keep their own."""

    address: SecretStr | None = Field(None, description="keys contact ids; back it up, never change it (64 hex digits)")
    tokens: SecretStr | None = Field(
        None, description="sign links and bounce addresses: the newest first, separated by blanks"
    )
    recent_tokens: int | None = Field(
        None,
        ge=1,
        description="so many of the newest token keys are good for bounces, replies and complaints; empty: all. "
        "Ways to unsubscribe never expire",
    )

    @field_validator("address")
    @classmethod
    def _address_is_long(cls, given: SecretStr | None) -> SecretStr | None:
        return long_enough(given, [given.get_secret_value()] if given else [])

    @field_validator("tokens")
    @classmethod
    def _tokens_are_long(cls, given: SecretStr | None) -> SecretStr | None:
        return long_enough(given, given.get_secret_value().split() or [""] if given else [])


def long_enough(given: SecretStr | None, keys: Sequence[str]) -> SecretStr | None:
    if any(len(key) < KEY_CHARACTERS for key in keys):
        raise ValueError(f"a key has fewer than {KEY_CHARACTERS} characters; `campaigns keys` makes good ones")
    return given
