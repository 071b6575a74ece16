"""How the relay is spoken to: plain values, so that a gateway needs no settings."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from enum import StrEnum

from domain.provider_marks import MarkedFor


class Tls(StrEnum):
    NONE = "none"  #: plain text
    STARTTLS = "starttls"  #: plain first, encrypted before anything is said (RFC 3207), usually port 587 or 25
    IMPLICIT = "implicit"  #: encrypted from the first byte (RFC 8314), usually port 465


@dataclass(frozen=True, slots=True)
class SmtpTimeouts:
    """How long each step may take, in seconds. RFC 5321, 4.5.3.2; a shorter wait for the final reply makes doubts."""

    connect_s: float = 60  #: connection, greeting, TLS, EHLO and AUTH, each
    mail_s: float = 300
    rcpt_s: float = 300
    data_s: float = 120
    final_s: float = 600  #: for the answer to the final dot

    @property
    def shortest_s(self) -> float:
        return min(self.mail_s, self.rcpt_s, self.data_s, self.final_s)


@dataclass(frozen=True, slots=True)
class SmtpOptions:
    host: str
    port: int
    tls: Tls | None = None  #: None: STARTTLS, unless the relay is this very machine
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None  #: PEM; None: the certificate authorities of the system
    local_hostname: str | None = None  #: what EHLO says; None: this machine's full name
    label: str = ""  #: its name among several relays; empty: the only one, or the first
    signs: bool = False  #: the relay signs with DKIM: it gets mails without a signature of ours
    marks: MarkedFor | None = None  #: the provider whose webhooks are to tell the email's id
    max_connections: int = 10  #: of this process
    messages_per_connection: int = 100
    idle_timeout_s: float = 30  #: a connection that has nothing to do is closed after this
    timeouts_s: SmtpTimeouts = SmtpTimeouts()

    @property
    def name(self) -> str:
        """What people and the ledger are told."""
        where = f"{self.host}:{self.port}"
        return f"{self.label} ({where})" if self.label else where

    @property
    def security(self) -> Tls:
        """What is asked for: never less than this is accepted, whatever the relay offers."""
        if self.tls is not None:
            return self.tls
        return Tls.NONE if _is_loopback(self.host) else Tls.STARTTLS


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
