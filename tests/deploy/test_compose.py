"""docker-compose.yml keeps up with the workers and the settings, and its workers can be scaled."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import all_variables
from workers.catalog import WORKERS

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "CAMPAIGNS_IMAGE" in service["image"]}


def test_every_worker_is_a_service_of_its_own() -> None:
    assert {name for name in OURS if OURS[name].get("command") == ["worker", name]} == set(WORKERS)


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_can_be_scaled(name: str) -> None:
    assert not {"container_name", "ports", "hostname"} & OURS[name].keys()


@pytest.mark.parametrize("name", OURS)
def test_each_process_of_ours_runs_on_a_read_only_root_without_capabilities(name: str) -> None:
    assert OURS[name]["read_only"] is True
    assert OURS[name]["cap_drop"] == ["ALL"]


def test_every_variable_handed_on_is_a_setting() -> None:
    assert COMPOSE["x-environment"].keys() <= all_variables().keys()


def test_every_variable_of_the_image_is_a_setting() -> None:
    assert set(re.findall(r"CAMPAIGNS_\w+", (ROOT / "Dockerfile").read_text())) <= all_variables().keys()


def test_the_keys_for_trying_it_out_are_settings() -> None:
    names = {path.name for path in (ROOT / "deploy/try-out-secrets").iterdir()}
    assert names == {"keys__address", "keys__tokens"}
    assert {f"CAMPAIGNS_{name.upper()}" for name in names} <= all_variables().keys()
