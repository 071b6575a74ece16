"""The private servers, started for real."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pymongo
import pytest

from cli.embedded import CannotStart, Servers, Wanted, down, ports, processes, running, state, up
from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]


def silent(_: str) -> None:
    return None


def anywhere() -> Wanted:
    return Wanted(amqp_port=ports.any_free(), mongo_port=ports.any_free())


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("private servers, ein längerer Weg " + "x" * 100)
    yield directory
    down(directory, say=silent)


@pytest.fixture
def servers(state_dir: Path) -> Servers:
    """Started by the first test that asks."""
    wanted = None if running(state_dir) else anywhere()
    return up(state_dir, say=silent, wanted=wanted)


def processes_of(state_dir: Path) -> list[int]:
    """Everything that runs in the directory or was told about it, and so must end with it."""
    found = []
    for process in psutil.process_iter(["pid", "cwd", "cmdline"]):
        about = [process.info["cwd"] or "", *(process.info["cmdline"] or [])]
        if any(str(state_dir) in part for part in about):
            found.append(process.info["pid"])
    return found


def listening(pids: tuple[int, ...]) -> set[str]:
    sockets = (one for one in psutil.net_connections("inet") if one.pid in pids)
    return {one.laddr[0] for one in sockets if one.laddr and one.status == psutil.CONN_LISTEN}


def test_up_twice_is_the_same_servers(state_dir: Path, servers: Servers) -> None:
    assert up(state_dir, say=silent) == servers
    assert running(state_dir) == servers


def test_they_listen_on_loopback_only(servers: Servers) -> None:
    assert listening(servers.pids) <= {"127.0.0.1", "::1"}


def test_the_password_is_random_and_nobody_else_reads_it(state_dir: Path, servers: Servers) -> None:
    assert "guest" not in servers.amqp_url
    assert (state_dir / "rabbitmq" / "password").stat().st_mode & 0o077 == 0
    assert (state_dir / "rabbitmq" / "rabbitmq.conf").stat().st_mode & 0o077 == 0


def test_servers_that_run_are_not_moved_to_another_port(state_dir: Path, servers: Servers) -> None:
    with pytest.raises(CannotStart, match="campaigns down"):
        up(state_dir, say=silent, wanted=anywhere())


def test_a_server_killed_underneath_is_noticed_and_brought_back_with_its_data(
    state_dir: Path, servers: Servers
) -> None:
    with pymongo.MongoClient[dict[str, int]](servers.mongo_url, w="majority") as client:
        client["kept"]["things"].insert_one({"n": 1})
    os.kill(servers.pids[-1], signal.SIGKILL)
    wait_for(lambda: running(state_dir) is None, timeout_s=60, what="noticing the kill")
    # On other ports too: the replica set has to follow.
    again = up(state_dir, say=silent, wanted=anywhere())
    assert not set(again.pids) & set(servers.pids)
    with pymongo.MongoClient[dict[str, int]](again.mongo_url) as client:
        assert client["kept"]["things"].count_documents({}) == 1


def test_down_leaves_no_process_and_no_port(state_dir: Path, servers: Servers) -> None:
    record = state.load(state_dir)
    assert record is not None
    said: list[str] = []
    down(state_dir, say=said.append)
    assert processes_of(state_dir) == []
    assert all(map(ports.is_free, (record.rabbit_ports.amqp, record.rabbit_ports.epmd, record.mongo_port)))
    assert running(state_dir) is None
    assert "stopped" in said[0]
    down(state_dir, say=said.append)
    assert said[1] == "No servers are running."


def test_a_start_that_fails_shows_the_log_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "mongod"
    broken.write_text('#!/bin/sh\n[ "$1" = --version ] && exit 0\necho the disk is full\nexit 14\n')
    broken.chmod(0o755)
    monkeypatch.setenv("MONGOD", str(broken))
    with pytest.raises(CannotStart) as refusal:
        up(tmp_path / "state", say=silent, wanted=anywhere())
    assert "MongoDB" in str(refusal.value)
    assert "the disk is full" in str(refusal.value)
    assert "less " in str(refusal.value)
    assert processes_of(tmp_path) == []


def test_two_ups_at_once_start_one_pair_of_servers(tmp_path: Path) -> None:
    found: list[Servers] = []
    wanted = anywhere()
    both = [threading.Thread(target=lambda: found.append(up(tmp_path, say=silent, wanted=wanted))) for _ in range(2)]
    try:
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        assert len(found) == 2
        assert found[0] == found[1]
    finally:
        down(tmp_path, say=silent)


def test_servers_of_a_session_end_even_when_the_session_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from cli.embedded import ephemeral\n"
        "with ephemeral(Path(sys.argv[1]), say=print): print('ready', flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as session:
        assert session.stdout
        assert any("ready" in line for line in iter(session.stdout.readline, ""))
        session.kill()
    wait_for(lambda: processes_of(tmp_path) == [], timeout_s=30, what="the end of the servers")


def test_an_unreadable_record_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "servers.json").write_text('{"broker": 1')
    assert running(tmp_path) is None


def test_a_reused_pid_is_not_taken_for_ours() -> None:
    ours = psutil.Process()
    assert processes.Process(ours.pid, ours.create_time()).alive
    assert not processes.Process(ours.pid, ours.create_time() - 3600).alive


#: Its first thread ends, the other one stays, as of a large server that was killed a moment ago.
_FIRST_THREAD_ENDS = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
ctypes.CDLL(None).pthread_exit(None)
"""


def test_a_process_is_alive_until_its_last_thread_has_ended() -> None:
    """Its ports are taken until then: a server started in its place would not get them."""
    child = subprocess.Popen([sys.executable, "-c", _FIRST_THREAD_ENDS], start_new_session=True)
    seen = psutil.Process(child.pid)
    process = processes.Process(child.pid, seen.create_time())
    wait_for(lambda: seen.status() == psutil.STATUS_ZOMBIE, timeout_s=30, what="the end of the first thread")
    assert process.alive
    processes.kill(process)
    assert not process.alive
    child.returncode = 0  # collected already
