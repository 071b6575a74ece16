"""RabbitMQ and MongoDB, health and logs: what every process has."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from config.group import Group


class AmqpSettings(Group):
    """RabbitMQ."""

    url: SecretStr | None = Field(
        None,
        description="amqp:// or amqps:// URL; several, separated by blanks, are tried in turn. Empty: private servers",
    )
    ca_file: Path | None = Field(None, description="certificate authority of an amqps:// server")
    certificate_file: Path | None = Field(None, description="client certificate, where the server asks for one")
    key_file: Path | None = Field(None, description="key of the client certificate")
    heartbeat_s: Annotated[int, Field(ge=2, le=600)] = Field(
        10, description="a silent connection is dead after about 3 of these"
    )


class MongoSettings(Group):
    """MongoDB, a replica set."""

    url: SecretStr | None = Field(None, description="mongodb:// or mongodb+srv:// URL. Empty: private servers")
    database: str = Field(
        "crm_campaigns", min_length=1, max_length=38, description="database name: one per organisation"
    )
    ca_file: Path | None = Field(None, description="certificate authority of a server with TLS")
    certificate_key_file: Path | None = Field(None, description="client certificate and key in one PEM file")
    timeout_s: float = Field(5, gt=0, description="how long to look for a primary before saying that it is away")


class HealthSettings(Group):
    """Health and metrics of each process: /live, /ready, /metrics."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(0, ge=0, le=65535, description="0: any free port, told in the log")


class LogFormat(StrEnum):
    AUTO = "auto"
    JSON = "json"
    TEXT = "text"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogSettings(Group):
    """Logs go to standard error."""

    level: LogLevel = Field(LogLevel.INFO, description="debug, info, warning or error")
    format: LogFormat = Field(LogFormat.AUTO, description="json, text, or auto: text on a terminal")
