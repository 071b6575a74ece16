"""Fixtures for every test: servers, and a virtual host and a database of one's own. See servers.py for the choices."""

import asyncio
import gc
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest
import pytest_socket
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from xdist.workermanage import WorkerController

from cli.embedded import ports
from tests import shared_vhost
from tests.quiet_logs import logs_as_before, silence
from tests.servers import Control, Restoring, ServersMissing, TestedServers, Tier, forced_tier
from tests.servers import servers as start_servers
from tests.vhosts import Vhosts

TESTS = Path(__file__).parent
#: Rules, messages, handlers and the runtime are proven without any server: there the network is off.
ROOMS_WITHOUT_NETWORK = {"domain", "messages", "handlers", "workers"}
#: Begun first when tests run side by side: the quick ones fill the end, and no process waits for another's last test.
ROOMS_THAT_LAST = {"integration", "embedded"}
TAKEN = pytest.StashKey[str]()
#: Side by side (`make test`): more processes only wait longer for the same cores.
MOST_SIDE_BY_SIDE = 6


# Before any test is read: what a test says of itself is added to it. How long an example takes says how busy the
# machine is, and decides nothing. Who judges a change (.ci/run) wants the same examples each time, all others new ones.
hypothesis_settings.register_profile(
    "ours",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="SAME_EXAMPLES" in os.environ,
)
hypothesis_settings.load_profile("ours")


def pytest_configure() -> None:
    silence()
    for name in ("COLUMNS", "LINES"):  # a process of xdist has them; a console reads them once, before a test sets them
        os.environ.pop(name, None)
    ports.QUIET_RANGE = _own_share(ports.QUIET_RANGE)


def _own_share(of: range) -> range:
    """No other process of this run takes these ports between our choosing one and our listening on it."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return of[number :: int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))]


def pytest_xdist_auto_num_workers() -> int | None:
    """`-n auto`: one more than there are cores, since most tests wait; servers that were given are there once."""
    if os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS"):
        return None
    return 1 if os.environ.get("TEST_AMQP_URL") else min((os.cpu_count() or 1) + 1, MOST_SIDE_BY_SIDE)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What lasts comes first. Servers given by address are not ours to break: those tests are left out, visibly."""
    items.sort(key=lambda item: item.path.relative_to(TESTS).parts[0] not in ROOMS_THAT_LAST)
    try:
        if forced_tier() is not Tier.URL:
            return
    except ServersMissing as error:
        raise pytest.UsageError(str(error)) from error
    breaking = [item for item in items if item.get_closest_marker("needs_control")]
    items[:] = [item for item in items if item not in breaking]
    config.hook.pytest_deselected(items=breaking)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Which servers the tests ran on."""
    if taken := config.stash.get(TAKEN, None):
        terminalreporter.write_line(f"servers: {taken} (choose with TEST_SERVICES, see tests/servers.py)")


def pytest_testnodedown(node: WorkerController, error: object) -> None:
    """What ran side by side says here which servers it took."""
    if taken := getattr(node, "workeroutput", {}).get("servers"):
        node.config.stash[TAKEN] = taken


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """Commands configure the logs of their process, which is the one of the tests that come after."""
    with logs_as_before():
        yield


@pytest.fixture(autouse=True)
def _garbage() -> Iterator[None]:
    """A worker that ran in this process sets how often old objects are looked through: ten times as slow, for all."""
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)


@pytest.fixture(autouse=True)
def _network(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.path.relative_to(TESTS).parts[0] not in ROOMS_WITHOUT_NETWORK:
        yield
        return
    # asyncio wakes its loop through a pair of Unix sockets.
    pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Iterator[TestedServers]:
    """The RabbitMQ and MongoDB of this session, started when the first test asks."""
    with start_servers() as started:
        version = f", RabbitMQ {started.rabbitmq_version}" if started.rabbitmq_version else ""
        request.config.stash[TAKEN] = f"{started.tier}{version}"
        if side_by_side := getattr(request.config, "workeroutput", None):
            side_by_side["servers"] = request.config.stash[TAKEN]
        yield started


@pytest.fixture(scope="session")
def _vhosts(servers: TestedServers) -> Iterator[Vhosts | None]:
    if servers.ctl is None:
        yield None
        return
    supply = Vhosts(servers.amqp_url, servers.ctl)
    yield supply
    if servers.tier is Tier.URL:
        supply.delete_all()


@pytest.fixture
def amqp_url(servers: TestedServers, _vhosts: Vhosts | None) -> str:
    """The address of a virtual host without any queue, for this test alone."""
    if _vhosts:
        return _vhosts.take()
    asyncio.run(shared_vhost.empty(servers.amqp_url))
    return servers.amqp_url


@pytest.fixture
def mongo_url(servers: TestedServers) -> str:
    """The address of a replica set, without a database."""
    return servers.mongo_url


@pytest.fixture
def database_name(mongo_url: str) -> Iterator[str]:
    """A database for this test alone, dropped after it."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    yield name
    with pymongo.MongoClient[dict[str, Any]](mongo_url) as client:
        client.drop_database(name)


@pytest.fixture
async def mongo_database(mongo_url: str, database_name: str) -> AsyncIterator[AsyncIOMotorDatabase[Any]]:
    """That database, through motor."""
    client: AsyncIOMotorClient[Any] = AsyncIOMotorClient(mongo_url, tz_aware=True)
    yield client[database_name]
    client.close()


@pytest.fixture
def control(servers: TestedServers) -> Iterator[Control]:
    """Stops, kills and starts the servers; the test carries the marker `needs_control`. They run again afterwards."""
    assert servers.control, "mark this test with needs_control"
    restoring = Restoring(servers.control)
    yield restoring
    restoring.restore()
