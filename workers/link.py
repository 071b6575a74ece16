"""One supervised connection to RabbitMQ, and channels on it."""

import asyncio
import itertools
import random
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

import aio_pika
import aiormq.exceptions as amqp
from aio_pika.abc import AbstractChannel, AbstractConnection

from domain.errors import BrokerUnavailable
from workers import lenient_decoding
from workers.broker_calls import BROKER_ERRORS, broker_call, close_quietly, in_words
from workers.delivery_stream import Answered, Taker, Transport
from workers.supervisor import Backoff, Generation, Supervisor

_FRAME_MAX_BYTES = 131072  #: where the broker says 0, which means any size (AMQP 0-9-1, 4.2.6)


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """For `amqps` URLs. Without files: the system's certificate authorities and no client certificate."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    verify: bool = True

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.cert_file is not None:
            context.load_cert_chain(self.cert_file, self.key_file)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


@dataclass(frozen=True, slots=True)
class AmqpOptions:
    """Where RabbitMQ is. Several URLs are the nodes of one cluster, tried in turn from a random one."""

    urls: tuple[str, ...]
    tls: TlsOptions = field(default_factory=TlsOptions)
    #: A stalled connection is noticed after 3 x (heartbeat + 1) seconds: 33 s, against 183 s at the usual 60.
    heartbeat_s: int = 10
    connect_s: float = 20.0
    backoff: Backoff = field(default_factory=Backoff)


class Connection(aio_pika.Connection):
    """One that was never connected is closed at once: left to the garbage collector, it would warn of itself there."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kwargs["transport_factory"] = self._wire = transport = Transport()
        #: Who gets the deliveries of a channel, by its number, and who hears of its publishes.
        self.takers: dict[int, Taker] = transport.takers
        self.answered: dict[int, Answered] = transport.answered

    @property
    def writer(self) -> asyncio.StreamWriter:
        """Whole frames may be written to it at any time, beside aiormq's own."""
        assert self._wire.writer is not None, "there is one as soon as it is connected"
        return self._wire.writer

    @property
    def frame_max_bytes(self) -> int:
        """What one frame may have, as both sides agreed."""
        assert self.transport is not None, "it is connected"
        return int(self.transport.connection.connection_tune.frame_max) or _FRAME_MAX_BYTES

    async def connect(self, timeout: float | None = None) -> None:
        try:
            await super().connect(timeout)
        except BaseException:
            await self.close()
            raise


#: A connection that is opened again, on the next host, whenever it breaks.
Link: TypeAlias = Supervisor[Connection]


async def connect(url: str, options: AmqpOptions, name: str) -> Connection:
    """A plain connection: connect_robust restores channels behind our back and loses consumers on the way.

    Raises:
        BrokerUnavailable: says which host, and why it cannot be used.
    """
    lenient_decoding.install()
    try:
        async with broker_call(options.connect_s):
            return await aio_pika.connect(
                url,
                heartbeat=options.heartbeat_s,
                ssl_context=options.tls.context() if url.startswith("amqps:") else None,
                client_properties={"connection_name": name},
                connection_class=Connection,
            )
    except BROKER_ERRORS as error:
        raise BrokerUnavailable(f"RabbitMQ at {place(url)}: {_refusal(error, url)}") from error


def link(options: AmqpOptions, name: str, on_open: Callable[[str], None] = lambda name: None) -> Link:
    urls = itertools.cycle(random.sample(options.urls, len(options.urls)))

    @asynccontextmanager
    async def opened(generation: Generation) -> AsyncIterator[Connection]:
        connection = await connect(next(urls), options, name)
        connection.close_callbacks.add(lambda _, error: generation.end(f"connection: {in_words(error)}"))
        try:
            yield connection
        finally:
            await close_quietly(connection)

    return Supervisor(name, opened, options.backoff, on_open)


@asynccontextmanager
async def channel_on(link: Link, generation: Generation, *, confirms: bool = False) -> AsyncIterator[AbstractChannel]:
    """A channel that lives no longer than its connection; its end ends `generation`.

    With `confirms`, publishing waits for the broker's answer and raises for what cannot be routed.
    """
    connection, life = await link.current()
    async with channel_of(connection, life, generation, confirms=confirms) as channel:
        yield channel


@asynccontextmanager
async def channel_of(
    connection: AbstractConnection, life: Generation, generation: Generation, *, confirms: bool = False
) -> AsyncIterator[AbstractChannel]:
    """The same on a connection that is at hand, with its life."""
    life.adopt(generation)
    channel = await _open_channel(connection, life, confirms)
    channel.close_callbacks.add(lambda _, error: generation.end(f"channel: {in_words(error)}"))
    try:
        yield channel
    except TimeoutError:
        # A broker that does not answer on one channel answers on none: begin anew with another connection.
        life.end("no answer in time")
        raise
    finally:
        await close_quietly(channel)


def place(url: str) -> str:
    """Host and port of a URL, without its credentials."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (5671 if parts.scheme == 'amqps' else 5672)}"


def _refusal(error: Exception, url: str) -> str:
    """aiormq drops the broker's text when opening the virtual host is what fails."""
    if isinstance(error, amqp.InvalidFrameError):
        vhost = unquote(urlsplit(url).path.removeprefix("/")) or "/"
        return f"virtual host {vhost} does not exist, or this user may not use it"
    return in_words(error)


async def _open_channel(connection: AbstractConnection, life: Generation, confirms: bool) -> AbstractChannel:
    try:
        async with broker_call():
            channel = connection.channel(publisher_confirms=confirms, on_return_raises=confirms)
            await channel.initialize()
            return channel
    except BROKER_ERRORS as error:
        if not isinstance(error, amqp.ChannelClosed):
            life.end(f"no channel: {in_words(error)}")
        raise
