"""Every knob, once. Environment variables are CAMPAIGNS_<GROUP>__<NAME>; secrets may be files of a directory instead.

Precedence: environment, then `.env`, then the secrets directory (CAMPAIGNS_SECRETS_DIR, default /run/secrets), then
the defaults here. `python -m config.reference` writes docs/configuration.md and `.env.example` from this file.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from pydantic import Field, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NestedSecretsSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from config.group import Group
from config.http import GatewaySettings, WebhookSettings, WebSettings
from config.keys import KeySettings
from config.mail import FIRST_RELAY, DkimSettings, RelaySettings, SmtpSettings
from config.organisation import OrganisationSettings
from config.processes import WorkerSettings
from config.responses import FeedSettings, InboundSettings
from config.retention import RetentionSettings
from config.reviewing import AssetSettings, ReviewSettings
from config.sending import SendingSettings, ThrottleSettings
from config.servers import AmqpSettings, HealthSettings, LogSettings, MongoSettings

PREFIX = "CAMPAIGNS_"
DELIMITER = "__"
ENV_FILE = ".env"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        env_file=ENV_FILE,
        extra="ignore",
        frozen=True,
    )

    state_dir: Path | None = Field(
        None, description="where private servers keep their data; default: the user's state directory"
    )
    amqp: AmqpSettings = AmqpSettings()
    mongo: MongoSettings = MongoSettings()
    smtp: SmtpSettings = SmtpSettings()
    relays: dict[str, RelaySettings] = Field(
        {},
        description="more relays, or all of them: by name, with the fields of CAMPAIGNS_SMTP__*, and per_s and "
        'connections, as {"ses": {"host": "smtp.ses.example", "weight": 3, "username": "…"}}; one field of one of them '
        "is CAMPAIGNS_RELAYS__SES__PASSWORD, or the file relays__ses__password. The relay of CAMPAIGNS_SMTP__HOST is "
        "one of them, named default, where that is set",
        examples=[{"ses": {"host": "smtp.ses.example", "weight": 3}}],
    )
    dkim: DkimSettings = DkimSettings()
    organisation: OrganisationSettings = OrganisationSettings()
    web: WebSettings = WebSettings()
    keys: KeySettings = KeySettings()
    webhooks: WebhookSettings = WebhookSettings()
    gateway: GatewaySettings = GatewaySettings()
    sending: SendingSettings = SendingSettings()
    throttle: ThrottleSettings = ThrottleSettings()
    assets: AssetSettings = AssetSettings()
    review: ReviewSettings = ReviewSettings()
    workers: WorkerSettings = WorkerSettings()
    inbound: InboundSettings = InboundSettings()
    feed: FeedSettings = FeedSettings()
    retention: RetentionSettings = RetentionSettings()
    health: HealthSettings = HealthSettings()
    log: LogSettings = LogSettings()

    @field_validator("relays")
    @classmethod
    def _names_are_told_apart(cls, given: dict[str, RelaySettings]) -> dict[str, RelaySettings]:
        if FIRST_RELAY in given:
            raise ValueError(f"{FIRST_RELAY!r} is the relay of {variable('smtp', 'host')}; give yours another name")
        if odd := [name for name in given if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", name)]:
            raise ValueError(f"{odd[0]!r}: a relay is named with a-z, 0-9 and -, at most 31 of them")
        return given

    @property
    def all_relays(self) -> dict[str, SmtpSettings]:
        """Every relay by name, the first one only where it is meant."""
        first = {FIRST_RELAY: self.smtp} if not self.relays or "host" in self.smtp.model_fields_set else {}
        return first | self.relays

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Secrets are files named like the variables without the prefix, such as `smtp__password`."""
        secrets = NestedSecretsSettingsSource(
            file_secret_settings,
            secrets_dir=os.environ.get(f"{PREFIX}SECRETS_DIR", "/run/secrets"),
            secrets_dir_missing="ok",
            secrets_prefix="",
            secrets_nested_delimiter=DELIMITER,
        )
        return init_settings, env_settings, dotenv_settings, secrets


def variable(*path: str) -> str:
    """The environment variable of a setting: variable("smtp", "host") is CAMPAIGNS_SMTP__HOST."""
    return PREFIX + DELIMITER.join(path).upper()


def all_variables() -> dict[str, FieldInfo]:
    """Every environment variable of the settings, groups in order."""
    found: dict[str, FieldInfo] = {}
    for name, info in Settings.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, Group):
            found |= {variable(name, inner): field for inner, field in info.annotation.model_fields.items()}
        else:
            found[variable(name)] = info
    return found
