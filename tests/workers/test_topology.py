"""The declarations as data. What each argument prevents was measured: docs of the design, messaging 2.4."""

from workers.topology import LEVELS_S, Binding, topology, wait

ARGUMENTS = {queue.name: dict(queue.arguments) for queue in topology(("send-batch",)).queues}


def test_every_queue_has_its_wait_queues_and_one_for_dead_letters() -> None:
    assert set(ARGUMENTS) == {
        "send-batch",
        "send-batch.dead",
        "send-batch.wait.5s",
        "send-batch.wait.30s",
        "send-batch.wait.2m",
        "send-batch.wait.10m",
        "send-batch.wait.1h",
    }


def test_a_work_queue_keeps_what_its_workers_crash_on() -> None:
    assert ARGUMENTS["send-batch"] == {
        "x-queue-type": "quorum",
        "x-delivery-limit": 50,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": "send-batch.dead",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-queue-leader-locator": "balanced",
    }


def test_a_wait_queue_gives_back_to_its_work_queue() -> None:
    assert ARGUMENTS["send-batch.wait.30s"] == {
        "x-queue-type": "quorum",
        "x-delivery-limit": 1000,
        "x-message-ttl": 30_000,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": "send-batch",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def test_a_dead_letter_queue_never_drops() -> None:
    assert ARGUMENTS["send-batch.dead"] == {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000}


def test_lanes_are_bound_by_their_names() -> None:
    lanes = ("send-batch", "send-batch.urgent")
    assert topology(lanes).bindings == tuple(Binding("campaigns.in", lane, lane) for lane in lanes)


def test_dead_letter_targets_are_declared_first() -> None:
    names = [queue.name for queue in topology(("a", "b")).queues]
    for queue in topology(("a", "b"), LEVELS_S).queues:
        target = queue.arguments.get("x-dead-letter-routing-key")
        assert target is None or names.index(str(target)) < names.index(queue.name)


def test_delays_are_named_by_their_largest_whole_unit() -> None:
    assert [wait("q", delay_s) for delay_s in (0.2, 1.5, 5, 90, 120, 7200)] == [
        "q.wait.200ms",
        "q.wait.1500ms",
        "q.wait.5s",
        "q.wait.90s",
        "q.wait.2m",
        "q.wait.2h",
    ]
