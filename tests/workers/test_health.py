"""What the health port answers, without a port."""

from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from workers.health import Health, Heart
from workers.metrics import Metrics


class OldHeart(Heart):
    @property
    def age_s(self) -> float:
        return 60.0


def ask(health: Health, path: str) -> tuple[str, str]:
    status: list[str] = []
    environ: WSGIEnvironment = {"PATH_INFO": path, "REQUEST_METHOD": "GET", "QUERY_STRING": ""}
    start: StartResponse = lambda line, headers, exc_info=None: status.append(line)  # type: ignore[assignment] # noqa: E731
    body = b"".join(health.answer(environ, start))
    return status[0].split()[0], body.decode()


@pytest.mark.parametrize(
    ("heart", "missing", "path", "status", "text"),
    [
        (Heart, [], "/live", "200", "event loop ran"),
        (OldHeart, [], "/live", "503", "event loop ran 60.0 s ago"),
        (Heart, [], "/ready", "200", "ready"),
        (Heart, ["publishing channel is down", "ping does not run yet"], "/ready", "503", "down; ping does"),
        (Heart, [], "/", "404", "/metrics"),
    ],
)
def test_answers(heart: type[Heart], missing: list[str], path: str, status: str, text: str) -> None:
    found, body = ask(Health(Metrics(), heart(), lambda: missing), path)
    assert found == status
    assert text in body


def test_metrics_are_served() -> None:
    metrics = Metrics()
    metrics.parked.labels("ping", "invalid_message").inc()
    _, body = ask(Health(metrics, Heart(), list), "/metrics")
    assert 'campaigns_parked_total{queue="ping",reason="invalid_message"} 1.0' in body
    assert "campaigns_loop_age_seconds" in body
