import socket
from collections.abc import Iterator

import pytest

from cli.embedded import CannotStart, ports


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_requested_port_that_is_taken_is_named_with_what_to_type(taken: int) -> None:
    with pytest.raises(CannotStart) as refusal:
        ports.choose("RabbitMQ", requested=taken, preferred=None, say=print)
    assert f"Port {taken} for RabbitMQ is taken" in str(refusal.value)
    assert f"ss -ltnp 'sport = :{taken}'" in str(refusal.value)


def test_a_preferred_port_that_is_taken_is_replaced_and_said(taken: int) -> None:
    said: list[str] = []
    port = ports.choose("MongoDB", requested=None, preferred=taken, say=said.append)
    assert port != taken
    assert said == [f"Port {taken} is taken; MongoDB listens on {port} instead."]


def test_a_preferred_port_that_is_free_is_used_without_a_word() -> None:
    free = ports.any_free()
    assert ports.choose("MongoDB", requested=None, preferred=free, say=pytest.fail) == free
