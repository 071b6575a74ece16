"""deploy/bootstrap.py on machines that lack something."""

import importlib.util
import io
import sys
from pathlib import Path
from types import ModuleType

import pytest

BOOTSTRAP = Path(__file__).parents[2] / "deploy" / "bootstrap.py"


@pytest.fixture
def bootstrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The program, working on a directory of the test, with an empty PATH and nobody to ask."""
    monkeypatch.setenv("CAMPAIGNS_VENV", str(tmp_path / "venv"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    for name in ("CAMPAIGNS_ASSUME_YES", "CI"):
        monkeypatch.delenv(name, raising=False)
    spec = importlib.util.spec_from_file_location("bootstrap", BOOTSTRAP)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def a_python(directory: Path, name: str, *, can: str) -> None:
    """A Python that can run only code that contains one of these words."""
    cases = "".join(f"*{word}*) exit 0;; " for word in can.split())
    (directory / name).write_text(f'#!/bin/sh\ncase "$2" in {cases} esac\nexit 1\n')
    (directory / name).chmod(0o755)


def test_without_a_new_enough_python_it_says_what_to_install(
    bootstrap: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_python(tmp_path, "python3", can="nothing")
    (tmp_path / "apt-get").touch(mode=0o755)
    assert bootstrap.main() == 1
    assert "Python 3.11 or later is needed" in capsys.readouterr().err


def test_the_newest_python_that_really_runs_is_taken(bootstrap: ModuleType, tmp_path: Path) -> None:
    a_python(tmp_path, "python3.13", can="nothing")  # a shim of pyenv without a version behind it
    a_python(tmp_path, "python3.12", can="version_info")
    a_python(tmp_path, "python3.11", can="version_info")
    assert bootstrap.find_python() == "python3.12"


def test_a_python_without_venv_is_named_with_the_package_that_has_it(
    bootstrap: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_python(tmp_path, "python3", can="version_info")
    assert bootstrap.main() == 1
    said = capsys.readouterr().err
    assert "This python3 has no `venv`" in said
    assert "apt-get install python3-venv" in said
    assert "pip install --user virtualenv" in said


def test_virtualenv_serves_where_venv_is_missing(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_python(tmp_path, "python3", can="version_info virtualenv")
    ran: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "run", lambda command, advice: ran.append(command))
    bootstrap.make_venv()
    assert ran == [["python3", "-m", "virtualenv", "--quiet", str(tmp_path / "venv")]]


def test_debians_package_is_installed_only_with_consent(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []

    def apt_get(*arguments: str) -> int:
        asked.append(arguments)
        return 0

    a_python(tmp_path, "python3", can="version_info")
    monkeypatch.setattr(bootstrap, "can_use_apt", lambda _: True)
    monkeypatch.setattr(bootstrap, "apt_get", apt_get)
    assert not bootstrap.install_venv_package("python3")
    assert asked == []
    monkeypatch.setenv("CAMPAIGNS_ASSUME_YES", "1")
    bootstrap.install_venv_package("python3")
    assert asked == [("install", "--yes", "--no-install-recommends", "python3-venv")]


def test_a_directory_that_is_something_else_is_left_alone(bootstrap: ModuleType, tmp_path: Path) -> None:
    letters = tmp_path / "venv" / "letters"
    letters.mkdir(parents=True)
    a_python(tmp_path, "python3", can="version_info venv")
    with pytest.raises(bootstrap.Stop, match="is not a virtual environment"):
        bootstrap.make_venv()
    assert letters.exists()


def test_nothing_is_run_when_nothing_has_changed(bootstrap: ModuleType, tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    (tmp_path / "venv" / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.2\n")
    assert not bootstrap.up_to_date()
    bootstrap.STAMP.write_text(bootstrap.fingerprint())
    assert bootstrap.main() == 0
