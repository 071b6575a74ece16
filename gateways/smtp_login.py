"""Opens a session at the relay: connection, TLS, EHLO, AUTH; or says in words why that failed and what to check."""

from __future__ import annotations

import asyncio
import ssl
from typing import cast

import aiosmtplib
from aiosmtplib import errors

from domain.errors import RelayUnavailable
from gateways.smtp_dialogue import Dialogue
from gateways.smtp_options import SmtpOptions, Tls


async def open_dialogue(options: SmtpOptions) -> Dialogue:
    """A session that is ready for mails.

    Raises:
        RelayUnavailable: the relay cannot be reached, is not who it should be, or refuses us.
    """
    smtp = _client(options)
    try:
        await smtp.connect()
        await _greet(smtp)
        return _taken_over(smtp, options)
    except (aiosmtplib.SMTPException, OSError) as error:
        smtp.close()
        raise RelayUnavailable(_in_words(error, options)) from error
    except asyncio.CancelledError:
        smtp.close()
        raise


def _client(options: SmtpOptions) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname=options.host,
        port=options.port,
        username=options.username,
        password=options.password,
        local_hostname=options.local_hostname,
        timeout=options.timeouts_s.connect_s,
        use_tls=options.security is Tls.IMPLICIT,
        start_tls=options.security is Tls.STARTTLS,
        tls_context=_tls_context(options),
    )


def _tls_context(options: SmtpOptions) -> ssl.SSLContext | None:
    if options.security is Tls.NONE:
        return None
    try:
        return ssl.create_default_context(cafile=options.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise RelayUnavailable(
            f"the certificates in {options.ca_file} cannot be read: {error}; check the relay's ca_file"
        ) from error


async def _greet(smtp: aiosmtplib.SMTP) -> None:
    """EHLO unless TLS or AUTH has said it already; HELO where EHLO is not known."""
    if not smtp.is_ehlo_or_helo_needed:
        return
    try:
        await smtp.ehlo()
    except aiosmtplib.SMTPHeloError:
        await smtp.helo()


def _taken_over(smtp: aiosmtplib.SMTP, options: SmtpOptions) -> Dialogue:
    if smtp.transport is None or smtp.transport.is_closing():  # its end was told to aiosmtplib, and is told once
        raise aiosmtplib.SMTPServerDisconnected("connection lost after EHLO")
    transport = cast(asyncio.Transport, smtp.transport)
    extensions = frozenset(smtp.esmtp_extensions)
    dialogue = Dialogue(transport, extensions=extensions, timeouts_s=options.timeouts_s, relay=options.name)
    transport.set_protocol(dialogue)
    return dialogue


def _in_words(error: Exception, options: SmtpOptions) -> str:
    relay, tls = f"the SMTP relay {options.name}", _tls_cause(error)
    if isinstance(tls, ssl.SSLCertVerificationError):
        return f"the certificate of {relay} is not accepted: {tls.verify_message}; check its host name and ca_file"
    if tls is not None:
        return f"{relay} does not speak TLS: {tls.reason or tls}; check its port and tls ({options.security})"
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return f"{relay} refuses the login: {error.code} {error.message}; check its username and password"
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return f"{relay} lacks what is asked for: {error.message}; check its tls ({options.security}) and username"
    if isinstance(error, errors.SMTPResponseException):
        return f"{relay} refuses us: {error.code} {error.message}; try again later or ask its postmaster"
    if isinstance(error, TimeoutError):
        seconds = options.timeouts_s.connect_s
        return f"{relay} does not answer within {seconds:g} s; check its host, its port and the firewall"
    return f"{relay} cannot be reached: {error}; check that it runs, and its host and port"


def _tls_cause(error: BaseException | None) -> ssl.SSLError | None:
    """The TLS error in a chain of causes."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__
    return error
